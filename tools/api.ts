import { ToolError } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** Connects tools to the API. The address and the token come from options, the environment, or the running local stack. */

export const API_OPTIONS = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const API_HELP = `  --url      address of the API; by default API_URL, otherwise the running local stack
  --token    token of a superadmin; by default API_TOKEN, otherwise a token of the local stack
  --help     prints this text`;

/** Longest wait for a response. API Gateway itself responds with 503 after 30 s. */
const TIMEOUT_MS = 35_000;

export interface Answer {
  readonly status: number;
  /** Empty if the response was not JSON, for example a proxy's page. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The value of the header `Retry-After`, ms. */
  readonly retryAfterMs?: number;
}

export type Call = (method: 'GET' | 'POST', path: string) => Promise<Answer>;

export async function connectApi(values: { url?: string | undefined; token?: string | undefined }): Promise<Call> {
  const url = values.url ?? process.env.API_URL ?? localUrl();
  const token = values.token ?? process.env.API_TOKEN ?? (await localToken());
  return async (method, path) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    const body = (await response.json().catch(() => ({}))) as Answer['body'];
    const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
    return { status, body, ...(retryAfterS >= 0 && { retryAfterMs: retryAfterS * 1_000 }) };
  };
}

/** Returns an error that says what was refused and why. */
export function refused(what: string, { status, body }: Answer): ToolError {
  const errors = (body.errors ?? []) as readonly { readonly field: string; readonly message: string }[];
  const fields = errors.map(({ field, message }) => `\n  ${field} ${message}`);
  return new ToolError(`${what}: ${status} ${body.detail ?? body.title ?? ''}${fields.join('')}`);
}

function localUrl(): string {
  useRunningStack('LOCAL_API_URL');
  return process.env.LOCAL_API_URL as string;
}

async function localToken(): Promise<string> {
  const { openIdentity } = await import('../localstack/identity.ts');
  const { DATA_DIR } = await import('../localstack/data-dir.ts');
  return (await openIdentity(DATA_DIR)).sign(
    { role: 'superadmin', universityId: undefined, subject: 'tool' },
    12 * 3_600,
  );
}
