import { parseArgs } from 'node:util';
import { parseDuration } from '../lib/base/duration.ts';
import { DATA_DIR } from './data-dir.ts';
import { openIdentity, ROLES, type TokenClaims } from './identity.ts';

/** `npm run --silent token -- --role curator --university-id 1`: prints a token the local API accepts. */

const USAGE = `Usage: npm run --silent token -- --role ${ROLES.join('|')} [--university-id N] [--expires-in 1h] [--subject S]`;

class UsageError extends Error {}

try {
  const { claims, expiresInS } = readFlags(process.argv.slice(2));
  const identity = await openIdentity(DATA_DIR);
  console.log(await identity.sign(claims, expiresInS));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}

function readFlags(args: readonly string[]): { claims: TokenClaims; expiresInS: number } {
  const flags = parse(args);
  const role = ROLES.find((known) => known === flags.role);
  if (!role) throw new UsageError(`--role must be one of ${ROLES.join(', ')}`);
  const id = flags['university-id'];
  if (id !== undefined && !/^[1-9]\d{0,14}$/.test(id))
    throw new UsageError('--university-id must be a positive integer');
  if (role === 'superadmin' && id !== undefined) {
    throw new UsageError('--university-id is for curators and operators: a superadmin sees all');
  }
  if (role !== 'superadmin' && id === undefined) throw new UsageError(`--university-id is needed with --role ${role}`);
  const expiresInMs = parseDuration(flags['expires-in'] ?? '1h') ?? 0;
  if (expiresInMs < 1_000)
    throw new UsageError('--expires-in must be a duration of 1s or more, written like 90s, 15m or 1h30m');
  return {
    claims: {
      role,
      universityId: id === undefined ? undefined : Number(id),
      subject: flags.subject ?? `local-${role}`,
    },
    expiresInS: Math.floor(expiresInMs / 1_000),
  };
}

function parse(args: readonly string[]) {
  const options = {
    role: { type: 'string' },
    'university-id': { type: 'string' },
    'expires-in': { type: 'string' },
    subject: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
