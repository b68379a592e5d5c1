import { parseDuration } from '../lib/base/duration.ts';
import { readOptions, runTool, ToolError } from '../tools/command-line.ts';
import { DATA_DIR } from './data-dir.ts';
import { openIdentity, ROLES, type TokenClaims } from './identity.ts';

/** `npm run --silent token -- --role curator --university-id 1` prints a token that the local API accepts. */

const USAGE = `Usage: npm run --silent token -- --role ${ROLES.join('|')} [--university-id N] [--expires-in 1h] [--subject S]`;

const HELP = `${USAGE}

Prints a token that the API of the local stack accepts.

  --role           ${ROLES.join(', ')}
  --university-id  the university of a curator or operator, a positive integer
  --expires-in     how long the token is valid, for example 90s, 15m or 1h30m; 1h by default
  --subject        the subject of the token; local-ROLE by default
  --help           prints this text`;

await runTool(async () => {
  const { claims, expiresInS } = readClaims();
  const identity = await openIdentity(DATA_DIR);
  console.log(await identity.sign(claims, expiresInS));
  return 0;
});

function readClaims(): { claims: TokenClaims; expiresInS: number } {
  const { values: flags } = readOptions(HELP, {
    role: { type: 'string' },
    'university-id': { type: 'string' },
    'expires-in': { type: 'string' },
    subject: { type: 'string' },
  });
  const role = ROLES.find((known) => known === flags.role);
  if (!role) throw new ToolError(`--role must be one of ${ROLES.join(', ')}\n${USAGE}`);
  const id = flags['university-id'];
  if (id !== undefined && !/^[1-9]\d{0,14}$/.test(id))
    throw new ToolError('--university-id must be a positive integer');
  if (role === 'superadmin' && id !== undefined) {
    throw new ToolError('--university-id is for curators and operators: a superadmin sees all');
  }
  if (role !== 'superadmin' && id === undefined) throw new ToolError(`--university-id is needed with --role ${role}`);
  const expiresInMs = parseDuration(flags['expires-in'] ?? '1h') ?? 0;
  if (expiresInMs < 1_000)
    throw new ToolError('--expires-in must be a duration of 1s or more, written like 90s, 15m or 1h30m');
  return {
    claims: {
      role,
      universityId: id === undefined ? undefined : Number(id),
      subject: flags.subject ?? `local-${role}`,
    },
    expiresInS: Math.floor(expiresInMs / 1_000),
  };
}
