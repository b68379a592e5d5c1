import { ConfigError } from './config.ts';
import { traced } from './tracing.ts';

/** Time after which a secret is fetched from SSM again, ms. So a rotated secret is used without a deployment. */
const REFRESH_MS = 5 * 60_000;

/**
 * Returns a function that reads a secret: from the environment variable (locally), or from the SSM SecureString that a variable
 * names (on AWS). It fetches the SecureString once per execution environment and again every five minutes. If that fails, it
 * returns the previous secret. It rejects with a {@link ConfigError} if neither variable is set, and with SSM's error if there is
 * no previous secret.
 */
export function secretReader(
  name: string,
  source: { readonly value: string | undefined; readonly parameter: string | undefined },
  now: () => number,
): () => Promise<string> {
  let held: { readonly secret: Promise<string>; readonly until: number } | undefined;
  return () => {
    if (source.value) return Promise.resolve(source.value);
    const { parameter } = source;
    if (!parameter) {
      return Promise.reject(new ConfigError([{ variable: name, problem: `(or ${name}_PARAMETER) is missing` }]));
    }
    if (held && now() < held.until) return held.secret;
    const before = held?.secret;
    const secret = fetchFromSsm(parameter).catch((error) => {
      held = undefined;
      if (before) return before;
      throw error;
    });
    held = { secret, until: now() + REFRESH_MS };
    return secret;
  };
}

/** Loads the SSM client only if a secret comes from SSM. The local stack never needs it. */
async function fetchFromSsm(parameter: string): Promise<string> {
  const { createSsm, fetchParameter } = await import('../adapters/ssm/parameter.ts');
  return fetchParameter(traced(createSsm()), parameter);
}
