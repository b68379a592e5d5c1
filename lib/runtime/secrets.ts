import { ConfigError } from './config.ts';
import { traced } from './tracing.ts';

/** How long a secret from SSM is used before it is fetched again, ms: a rotated one arrives without a deployment. */
const REFRESH_MS = 5 * 60_000;

/**
 * A secret: from the environment (on one machine), or from the SSM SecureString named there (in AWS), fetched once per
 * execution environment and again every five minutes; while that fails, the one at hand is used.
 * The reader rejects with a {@link ConfigError} when neither is set, and with SSM's error when there is none to use yet.
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

/** Loads the SSM client only where a secret comes from SSM: locally none does. */
async function fetchFromSsm(parameter: string): Promise<string> {
  const { createSsm, fetchParameter } = await import('../adapters/ssm/parameter.ts');
  return fetchParameter(traced(createSsm()), parameter);
}
