/** Imports run one way: functions → use cases → domain; adapters know the vendors; nobody imports upward, in no circle. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule(
      'no-circles',
      'A circle has no bottom to start reading at; types alone make none.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'lib-knows-no-functions',
      'lib is what functions stand on.',
      { path: '^lib' },
      { path: '^(functions|localstack|tools|test|infra|bench)' },
    ),
    rule(
      'functions-know-no-vendors',
      'A function parses, calls one use case and answers; vendors are behind the adapters.',
      { path: '^functions' },
      { path: ['^lib/adapters', 'node_modules/(@aws-sdk|ioredis|jose)'] },
    ),
    rule(
      'domain-knows-no-adapters',
      'Use cases see ports.',
      { path: '^lib/(chats|participants|max-api)' },
      { path: '^lib/(adapters|http)|^lib/runtime/(?!clock|duration)' },
    ),
    rule(
      'vendors-only-in-adapters',
      'One place to change when a vendor does.',
      { path: '^lib', pathNot: '^lib/(adapters|runtime/secrets)' },
      { path: 'node_modules/(@aws-sdk|ioredis)' },
    ),
    rule(
      'adapters-stay-below',
      'Adapters implement ports; they are put together in the composition root.',
      { path: '^lib/adapters' },
      { path: '^lib/(http|runtime/(?!clock))' },
    ),
    rule(
      'http-is-the-edge',
      'The web stands on the use cases, not the other way round.',
      { path: '^lib/(?!http)' },
      { path: '^lib/http' },
    ),
    rule(
      'no-dev-dependencies',
      'What is deployed is installed for it.',
      { path: '^(lib|functions)' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    rule('no-orphans', 'A module nobody imports is dead.', { orphan: true, path: '^lib', pathNot: '\\.d\\.ts$' }, {}),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'tsc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
