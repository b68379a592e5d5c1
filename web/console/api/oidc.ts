import * as oauth from 'oauth4webapi';
import { readToken, type Session } from './session.ts';

/** Signs in at the issuer with OpenID Connect and PKCE. The page has no secret. The access token is for the API. */

interface Settings {
  readonly issuer: string;
  readonly client_id: string;
  readonly audience: string;
}

const PENDING = 'chat-participants.sign-in';

interface Pending {
  readonly state: string;
  readonly verifier: string;
  /** The fragment of the page that the person left. */
  readonly place: string;
}

/** The settings that the service puts into the page; `undefined` if the sign-in at an issuer is not configured. */
export function oidcSettings(): Settings | undefined {
  const content = document.querySelector<HTMLMetaElement>('meta[name=oidc]')?.content;
  return content ? JSON.parse(decodeURIComponent(content)) : undefined;
}

/** The page's address without query and fragment. It must be registered at the issuer. */
const redirectUri = () => location.origin + location.pathname;

/** Only an issuer on the same machine is allowed without TLS. */
const insecure = ({ issuer }: Settings) => ({ [oauth.allowInsecureRequests]: issuer.startsWith('http:') });

async function discover(settings: Settings) {
  const issuer = new URL(settings.issuer);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure(settings) });
  return oauth.processDiscoveryResponse(issuer, answer);
}

/** Goes to the issuer's page. */
export async function beginSignIn(settings: Settings): Promise<void> {
  const server = await discover(settings);
  if (!server.authorization_endpoint) throw new Error('the issuer has no authorization endpoint');
  const pending: Pending = {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    place: location.hash,
  };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const address = new URL(server.authorization_endpoint);
  const parameters = {
    ...{ client_id: settings.client_id, redirect_uri: redirectUri(), response_type: 'code', scope: 'openid' },
    ...{ audience: settings.audience, state: pending.state, code_challenge_method: 'S256' },
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  location.assign(address);
}

/** Returns whether the issuer has just redirected the person to this page. */
export const isReturning = (): boolean =>
  sessionStorage.getItem(PENDING) !== null && /[?&](code|error)=/.test(location.search);

/** Exchanges the code for a token, and returns to the page that the person left. @throws if the issuer refuses. */
export async function endSignIn(settings: Settings): Promise<Session> {
  const pending: Pending = JSON.parse(sessionStorage.getItem(PENDING) ?? '{}');
  const parameters = new URL(location.href).searchParams;
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, '', location.pathname);
  // Unlike the line above, this tells the router.
  location.replace(pending.place || '#/');
  const client: oauth.Client = { client_id: settings.client_id };
  const server = await discover(settings);
  const callback = oauth.validateAuthResponse(server, client, parameters, pending.state);
  const answer = await oauth.authorizationCodeGrantRequest(
    ...([server, client, oauth.None(), callback, redirectUri(), pending.verifier] as const),
    insecure(settings),
  );
  const { access_token } = await oauth.processAuthorizationCodeResponse(server, client, answer);
  const session = readToken(access_token);
  if (!session) throw new Error('the access token of the issuer names no role of this service');
  return session;
}
