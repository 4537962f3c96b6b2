import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The key ring (design §5). What a row may be is held by the database: one key signs, a retired key has no private part
 * any more, and no private member is ever among the public ones.
 */
export class SigningKeys1700000000005 implements MigrationInterface {
  readonly name = 'SigningKeys1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    const [row] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as {
      schema: string;
    }[];
    await runner.query(TABLE);
    await runner.query(triggers(row?.schema ?? 'public'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE auth_signing_key;
      DROP FUNCTION auth_signing_key_changed()`);
  }
}

/*
 * `longest_lifetime`: seconds that a token of this key may live, as the servers that sign with it have found it: the
 * lifetimes of whoever retires it may be others.
 */
const TABLE = `
  CREATE TABLE auth_signing_key (
    kid text COLLATE "C" CONSTRAINT auth_signing_key_pkey PRIMARY KEY
      CONSTRAINT auth_signing_key_kid CHECK (kid ~ '^[A-Za-z0-9_-]{43}$'),
    algorithm text NOT NULL
      CONSTRAINT auth_signing_key_algorithm CHECK (algorithm ~ '^((RS|PS|ES)(256|384|512)|EdDSA)$'),
    public_jwk jsonb NOT NULL CONSTRAINT auth_signing_key_public
      CHECK (NOT public_jwk ?| ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']),
    sealed_private_key bytea,
    longest_lifetime integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    retired_at timestamptz,
    verifies_until timestamptz,
    CONSTRAINT auth_signing_key_retired CHECK ((retired_at IS NULL) = (verifies_until IS NULL)),
    CONSTRAINT auth_signing_key_sealed CHECK ((retired_at IS NULL) = (sealed_private_key IS NOT NULL))
  );
  CREATE UNIQUE INDEX auth_signing_key_one_signs ON auth_signing_key ((true))
    WHERE activated_at IS NOT NULL AND retired_at IS NULL`;

/* As the other functions of the feed: it runs as its owner, whoever changes the table. */
const triggers = (schema: string): string => `
  CREATE FUNCTION ${schema}.auth_signing_key_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    PERFORM ${schema}.auth_record_change('k');
    RETURN NULL;
  END $$;
  CREATE TRIGGER auth_signing_key_changed
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF kid, algorithm, public_jwk, sealed_private_key,
      activated_at, retired_at, verifies_until
    ON auth_signing_key FOR EACH STATEMENT
    EXECUTE FUNCTION auth_signing_key_changed()`;
