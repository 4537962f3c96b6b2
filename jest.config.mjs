import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installed packages with "type": "module": Jest on Node 20 cannot require() them untransformed. */
function esmPackages(root) {
  const found = [];
  const visit = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
      const path = join(directory, entry.name);
      if (entry.name.startsWith('@')) {
        visit(path);
        continue;
      }
      const manifest = join(path, 'package.json');
      if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).type === 'module') {
        found.push(path.slice(root.length + 1));
      }
      if (existsSync(join(path, 'node_modules'))) visit(join(path, 'node_modules'));
    }
  };
  visit(join(root, 'node_modules'));
  return found;
}

// Mercurius is none of them, and imports its cache as one: as it is, Jest has no answer to that.
const esm = [...esmPackages(import.meta.dirname), 'mercurius'].map((path) =>
  path.replace(/[.+]/g, '\\$&'),
);
const swc = (syntax) => [
  '@swc/jest',
  {
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: { syntax, decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
  },
];

const shared = {
  testEnvironment: 'node',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc('typescript'), '\\.m?js$': swc('ecmascript') },
  transformIgnorePatterns: [
    `^(?!.*/(?:${esm.join('|')})/(?!.*node_modules/)).*/node_modules/.*(?<!\\.mjs)$`,
  ],
};

const withPostgres = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

export default {
  // Jest would take one on two cores, though most tests wait for servers; more would want more database connections.
  maxWorkers: 2,
  projects: [
    {
      ...shared,
      displayName: 'model',
      roots: ['<rootDir>/test/model'],
      testMatch: ['**/*.spec.ts'],
    },
    { ...shared, displayName: 'unit', roots: ['<rootDir>/src'], testMatch: ['**/*.spec.ts'] },
    {
      ...shared,
      ...withPostgres,
      displayName: 'e2e',
      roots: ['<rootDir>/test/e2e', '<rootDir>/test/security'],
      testMatch: ['**/*.e2e-spec.ts', '**/*.spec.ts'],
    },
    {
      ...shared,
      ...withPostgres,
      displayName: 'conformance',
      roots: ['<rootDir>/test/conformance'],
      testMatch: ['**/*.spec.ts'],
    },
    {
      ...shared,
      ...withPostgres,
      displayName: 'package',
      roots: ['<rootDir>/test/package'],
      testMatch: ['**/*.spec.ts'],
    },
  ],
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts'],
};
