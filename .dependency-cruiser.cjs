/** Who may import whom: each folder may import the ones below it, never one above or beside it. */
const LAYERS = [
  ['app', 'main', 'cli', 'index', 'entities', 'data-source'],
  ['account', 'admin', 'health', 'jwks', 'metrics', 'oauth'],
  ['auth'],
  ['risk', 'two-factor', 'throttling', 'notifications'],
  ['ledger'],
  ['tokens'],
  ['keys', 'users', 'feed', 'events'],
  ['database'],
  ['config'],
  ['common'],
];
/** Allowed beside each other: from → to. */
const BESIDE = {
  keys: ['events', 'feed'],
  users: ['events'],
  feed: ['users'],
  // Whether a host's DataSource knows them all is checked at start.
  auth: ['entities'],
};

const folder = (names) => `^src/(${names.join('|')})(/|\\.)`;
const TOP = LAYERS[0];

const layerRules = LAYERS.flatMap((layer, depth) =>
  layer
    .filter((name) => !TOP.includes(name))
    .map((name) => ({
      name: `${name}-imports-downwards`,
      severity: 'error',
      from: { path: folder([name]) },
      to: {
        path: '^src/',
        pathNot: folder([name, ...(BESIDE[name] ?? []), ...LAYERS.slice(depth + 1).flat()]),
      },
    })),
);

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    ...layerRules,
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^src/[^/]+/domain/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^src/[^/]+/domain/', '^src/common/', '^(node:)?(crypto|zlib)$'] },
    },
    {
      name: 'environment-only-in-main-and-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|cli/|config/)' },
      to: { path: '^src/config/environment\\.ts$', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
