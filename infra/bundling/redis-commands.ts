/**
 * Replaces the list of Redis commands in the bundles (`custom.esbuild.alias`). ioredis creates two methods for each of its 287
 * commands, which would add about 12 ms to every cold start. This list has only the commands that the service or ioredis calls by
 * name. Scripts need none. `test/template/bundle-size.test.ts` fails if a command is missing.
 */
import { list as all } from '../../node_modules/@ioredis/commands/built/index.js';

export { exists, getKeyIndexes, hasFlag } from '../../node_modules/@ioredis/commands/built/index.js';

const OWN = ['del', 'exists', 'mget', 'ping', 'set'];
/** Commands that ioredis uses to connect, or that its modules look up when they are loaded. */
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
