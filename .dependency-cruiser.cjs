/**
 * The order of the rooms of `lib/`, from top to bottom. Each room may import only rooms below it. Rooms on the same line do not
 * import each other. Imports of types count too.
 */
const FLOORS = [
  ['http'],
  ['runtime'],
  ['listing', 'events', 'importing', 'statistics'],
  ['refreshing'],
  ['scheduling'],
  ['adapters'],
  ['state'],
  ['chats'],
  ['planner'],
  ['max-api'],
  ['base'],
];
const OUTSIDE = '^(functions|localstack|tools|test|infra|bench|web)';
const room = (names) => `^lib/(${names.join('|')})/`;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const oneWay = FLOORS.flatMap((rooms, floor) =>
  rooms.map((name) => {
    const forbidden = [...FLOORS.slice(0, floor).flat(), ...rooms].filter((other) => other !== name);
    const to = forbidden.length > 0 ? room(forbidden) : '$^';
    const comment = 'Imports run downwards: CONTRIBUTING.md lists the rooms.';
    return rule(`${name}-imports-only-below`, comment, { path: room([name]) }, { path: to });
  }),
);

module.exports = {
  forbidden: [
    rule('no-circles', 'A circle has no bottom to start reading at.', {}, { circular: true }),
    ...oneWay,
    rule('lib-stands-alone', 'lib is what everything else stands on.', { path: '^lib' }, { path: OUTSIDE }),
    rule(
      'use-cases-see-ports',
      'Only the composition root puts adapters and use cases together.',
      { path: room(['listing', 'events', 'importing', 'statistics', 'refreshing', 'scheduling', 'http']) },
      { path: '^lib/adapters' },
    ),
    rule(
      'functions-know-no-vendors',
      'A function parses, calls one use case and answers; vendors are used by the adapters only.',
      { path: '^functions' },
      { path: ['^lib/adapters', 'node_modules/(@aws-sdk|ioredis)'] },
    ),
    rule(
      'vendors-only-in-adapters',
      'One place to change when a vendor does.',
      { path: '^lib', pathNot: '^lib/adapters' },
      { path: 'node_modules/(@aws-sdk|ioredis)' },
    ),
    rule(
      'runner-knows-no-chats',
      'The local runner runs what any serverless.yml declares.',
      { path: '^localstack/runner' },
      { path: '^(lib|functions|tools)/', pathNot: '^lib/base/' },
    ),
    rule(
      'no-dev-dependencies',
      'Deployed code uses installed dependencies only.',
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
