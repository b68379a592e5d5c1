/** Who is signed in. The token is kept for this tab only, and leaves it only in the header of requests to this service. */

export type Role = 'superadmin' | 'curator' | 'operator';

export interface Session {
  readonly token: string;
  readonly role: Role;
  /** `undefined` for superadmins, who see all universities. */
  readonly universityId: number | undefined;
  readonly subject: string;
  /** Unix ms; `undefined` if the token does not say. */
  readonly expiresAt: number | undefined;
}

/** `/docs` reads it too. */
const KEY = 'chat-participants.token';

const ROLES: readonly string[] = ['superadmin', 'curator', 'operator'];

/** What a token says of its owner. The service verifies it; here it only decides what is shown. */
export function readToken(token: string): Session | undefined {
  const [, payload = ''] = token.split('.');
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const claims: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
    const { role, sub, exp, university_id } = claims;
    if (typeof role !== 'string' || !ROLES.includes(role)) return undefined;
    return {
      token,
      role: role as Role,
      universityId: university_id === undefined ? undefined : Number(university_id),
      subject: String(sub ?? ''),
      expiresAt: typeof exp === 'number' ? exp * 1_000 : undefined,
    };
  } catch {
    return undefined;
  }
}

export function savedSession(): Session | undefined {
  const token = sessionStorage.getItem(KEY);
  return token ? readToken(token) : undefined;
}

export function keepSession(session: Session | undefined): void {
  if (session) sessionStorage.setItem(KEY, session.token);
  else sessionStorage.removeItem(KEY);
}

/** Takes the token of a link (`#token=…`) and removes it from the address and the history. */
export function takeTokenFromAddress(): Session | undefined {
  const match = /^#token=([\w-]+\.[\w-]+\.[\w-]+)$/.exec(location.hash);
  if (!match?.[1]) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return readToken(match[1]);
}
