import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { vi } from 'vitest';

/**
 * Hunts for inputs that break something. `npm test` tries a sample; `npm run test:hostile` a million
 * (HOSTILE_INPUTS). HOSTILE_SEED repeats a hunt that found something.
 */

const TOTAL = Number(process.env.HOSTILE_INPUTS ?? 4_000);
const SEED = process.env.HOSTILE_SEED ? { seed: Number(process.env.HOSTILE_SEED) } : {};
const PROGRESS_MS = 10_000;

/** A hunt may take a day. */
export const HUNT_MS = 86_400_000;

/** Checks generated inputs. @param share of all inputs that this hunt tries. */
export async function hunt<T>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => Promise<void> | void,
): Promise<void> {
  const numRuns = Math.max(5, Math.round(TOTAL * share));
  const startedAt = performance.now();
  let shownAt = startedAt;
  let done = 0;
  const property = fc.asyncProperty(inputs, async (input) => {
    await check(input);
    done += 1;
    const now = performance.now();
    if (now - shownAt < PROGRESS_MS && done !== numRuns) return;
    shownAt = now;
    if (process.env.HOSTILE_INPUTS) {
      const aSecond = Math.round((1_000 * done) / (now - startedAt));
      process.stderr.write(`${name}: ${done} of ${numRuns}, ${aSecond} a second\n`);
    }
  });
  await fc.assert(property, { numRuns, ...SEED });
}

/** Everything that this process has written: logs, metrics and traces. */
export interface Output {
  /** The environment in which functions write all of it: Powertools to the console, X-Ray to a daemon. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns what was written since the last call. */
  take(): string;
  /** Returns the number of segments traced so far. */
  traced(): number;
  stop(): void;
}

export async function keepOutput(): Promise<Output> {
  let written: string[] = [];
  let traced = 0;
  const daemon = createSocket('udp4').bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  daemon.on('message', (segment) => {
    traced += 1;
    written.push(segment.toString());
  });
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => {
      written.push(parts.map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 10 }))).join(' '));
    });
  }
  return {
    env: {
      ...{ POWERTOOLS_DEV: 'true', POWERTOOLS_LOG_LEVEL: 'DEBUG', POWERTOOLS_TRACE_ENABLED: 'true' },
      ...{ AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', LAMBDA_TASK_ROOT: '/', _X_AMZN_TRACE_ID: TRACE_ID },
      ...{ AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`, AWS_LAMBDA_FUNCTION_NAME: 'hostile' },
    },
    take() {
      const text = written.join('\n');
      written = [];
      return text;
    },
    traced: () => traced,
    stop() {
      vi.restoreAllMocks();
      daemon.close();
    },
  };
}

const TRACE_ID = 'Root=1-6740a8f0-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=bbbbbbbbbbbbbbbb;Sampled=1';

/** @throws if the text contains one of the secrets. */
export function requireSecrecy(text: string, secrets: readonly string[]): void {
  const found = secrets.find((secret) => text.includes(secret));
  if (found !== undefined) throw new Error(`the secret ${found} is in: ${text.slice(0, 2_000)}`);
}
