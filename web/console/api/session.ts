/** The signed-in person. The token stays in this tab. It is sent only to this service, in a header. */

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

/** The key in the session storage, which `/docs` reads too. */
const KEY = 'chat-participants.token';

const ROLES: readonly string[] = ['superadmin', 'curator', 'operator'];

/** Returns the session of a token. The service verifies the claims; the console uses them only to decide what to show. */
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
