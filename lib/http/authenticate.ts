import { tokenSettings } from '../runtime/root.ts';
import { type Principal, requireRole } from './principal.ts';
import { Problem } from './problem.ts';
import type { GuardedRoute } from './route.ts';
import { createTokenVerifier, type VerifyToken } from './token.ts';

/** Created once per execution environment. */
let verify: VerifyToken | undefined;

/**
 * Authenticates the caller of a request and checks its role.
 * @throws {Problem} 401 without a valid token, 403 for other roles, 503 while the issuer's keys can't be fetched.
 */
export async function authenticate(
  authorization: string | undefined,
  roles: GuardedRoute['roles'],
): Promise<Principal> {
  verify ??= createTokenVerifier(tokenSettings());
  const verdict = await verify(authorization);
  switch (verdict.kind) {
    case 'accepted':
      requireRole(verdict.principal, roles);
      return verdict.principal;
    case 'refused':
      throw new Problem('unauthorized', { detail: verdict.reason, headers: { 'www-authenticate': 'Bearer' } });
    case 'undecided':
      throw new Problem('unavailable', {
        detail: 'Tokens can not be verified now, because their issuer can not be reached.',
        headers: { 'retry-after': String(Math.ceil(verdict.retryAfterMs / 1_000)) },
      });
  }
}
