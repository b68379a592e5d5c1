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
    const comment = 'A room imports only rooms below it; CONTRIBUTING.md lists them.';
    return rule(`${name}-imports-only-below`, comment, { path: room([name]) }, { path: to });
  }),
);

module.exports = {
  forbidden: [
    rule('no-circles', 'Modules must not import each other in a circle.', {}, { circular: true }),
    ...oneWay,
    rule(
      'lib-stands-alone',
      'lib imports no other folder; the other folders import lib.',
      { path: '^lib' },
      { path: OUTSIDE },
    ),
    rule(
      'use-cases-see-ports',
      'Use cases import ports, not adapters. The composition root connects them.',
      { path: room(['listing', 'events', 'importing', 'statistics', 'refreshing', 'scheduling', 'http']) },
      { path: '^lib/adapters' },
    ),
    rule(
      'functions-know-no-vendors',
      'A function parses its event, calls one use case and responds. Only adapters use vendors.',
      { path: '^functions' },
      { path: ['^lib/adapters', 'node_modules/(@aws-sdk|ioredis)'] },
    ),
    rule(
      'vendors-only-in-adapters',
      'Only adapters import vendors, so that a change of a vendor affects only its adapter.',
      { path: '^lib', pathNot: '^lib/adapters' },
      { path: 'node_modules/(@aws-sdk|ioredis)' },
    ),
    rule(
      'runner-knows-no-chats',
      'The local runner works for any serverless.yml, so it must not know this service.',
      { path: '^localstack/runner' },
      { path: '^(lib|functions|tools)/', pathNot: '^lib/base/' },
    ),
    rule(
      'no-dev-dependencies',
      'Deployed code imports only production dependencies.',
      { path: '^(lib|functions)' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'no-orphans',
      'Every module of lib is imported somewhere.',
      { orphan: true, path: '^lib', pathNot: '\\.d\\.ts$' },
      {},
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'tsc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
