import { ValidationError } from 'nest-simplejwt';

const ADDRESS = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;
/** Characters. */
const LONGEST_ADDRESS = 254;
const SHORTEST_PASSWORD = 8;

export interface SignUp {
  readonly email: string;
  readonly password: string;
}

/**
 * What somebody signs up with, out of a body that may be anything.
 *
 * @throws ValidationError 400, field → messages, as the token views answer
 */
export function readSignUp(body: unknown): SignUp {
  const { email, password } = (body ?? {}) as Record<string, unknown>;
  const errors: Record<string, string[]> = {};
  if (typeof email !== 'string' || email.length > LONGEST_ADDRESS || !ADDRESS.test(email)) {
    errors.email = ['Enter a valid email address.'];
  }
  if (typeof password !== 'string' || password.length < SHORTEST_PASSWORD) {
    errors.password = [`Enter at least ${SHORTEST_PASSWORD} characters.`];
  }
  if (Object.keys(errors).length > 0) throw new ValidationError(errors);
  return { email: String(email).toLowerCase(), password: String(password) };
}
