/**
 * The commands of Redis that ioredis makes methods of, for the bundles (`custom.esbuild.alias`): those that are called by
 * name, here or in ioredis itself. It would make two methods of each of 287, which takes some 12 ms of every cold start.
 * Scripts need none of them. `test/template/bundle-size.test.ts` looks whether one is missing.
 */
import { list as all } from '../../node_modules/@ioredis/commands/built/index.js';

export { exists, getKeyIndexes, hasFlag } from '../../node_modules/@ioredis/commands/built/index.js';

const OWN = ['del', 'exists', 'mget', 'ping', 'set'];
/** For connecting, and for what ioredis's own modules look for when they are loaded. */
const OF_IOREDIS = [
  'auth',
  'client',
  'exec',
  'info',
  'multi',
  'psubscribe',
  'readonly',
  'select',
  'ssubscribe',
  'subscribe',
];

export const list = all.filter((command) => OWN.includes(command) || OF_IOREDIS.includes(command));
