/** Who may import whom: each folder may import the ones of the layers below it, never one above or beside it. */
const LAYERS = [
  ['main', 'server', 'cli', 'index'],
  ['account', 'admin', 'health', 'jwks', 'oauth'],
  ['auth'],
  ['refresh-cookie', 'session-views'],
  ['token-views'],
  ['guards'],
  ['authentication'],
  ['login'],
  ['throttling'],
  ['ledger'],
  ['tokens'],
  ['keys', 'users', 'passwords', 'feed', 'events'],
  ['http'],
  ['transports'],
  ['embedded-postgres'],
  ['database'],
  ['config'],
  ['common'],
];
/** Allowed beside each other: from → to. */
const BESIDE = {
  // The key ring and the cache of users learn of changes by the feed.
  keys: ['events', 'feed'],
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
