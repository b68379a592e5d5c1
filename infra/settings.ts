import { existsSync, readFileSync } from 'node:fs';
import { type Config, ConfigError, DEFAULTS, readConfig, type Section } from '../lib/runtime/config.ts';

/**
 * What the packaging computes from the configuration: schedules, and the check that stops a package with a bad value.
 * Used by `serverless.yml` through `settings.cjs`.
 */

/** Sections an operator sets at packaging time; the others are made by the stack itself. */
const OPERATOR_SECTIONS = [
  'switches',
  'freshness',
  'sync',
  'daily',
  'batches',
  'budget',
  'browsers',
  'retention',
  'console',
  'events',
  'upstream',
  'quota',
  'max',
] as const satisfies readonly Section[];

const MINUTE_MS = 60_000;

/** EventBridge takes whole minutes, with the unit in the singular for one. */
function rateExpression(intervalMs: number): string {
  const minutes = intervalMs / MINUTE_MS;
  if (!Number.isInteger(minutes) || minutes < 1) {
    throw new ConfigError([
      {
        variable: 'PARTICIPANTS_UPDATE_INTERVAL',
        problem: 'must be a whole number of minutes: schedules have no seconds',
      },
    ]);
  }
  return minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`;
}

/** What a page of an allowed origin may send and read. The token travels in a header, so no credentials of the browser's own. */
const corsOf = (allowedOrigins: readonly string[]) => ({
  allowedOrigins,
  allowedMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type'],
  exposedResponseHeaders: ['location', 'retry-after', 'server-timing', 'x-request-id'],
  /** Chromium keeps an answer for two hours at most. */
  maxAge: 7_200,
});

export interface Settings {
  /** Every operator variable as it reaches the functions: a string; the default where it was not set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly schedules: {
    readonly stale: string;
    readonly full: string;
    readonly timezone: string;
    readonly enabled: boolean;
  };
  /** `provider.httpApi.cors`; false where no page of another origin may use the API. */
  readonly cors: ReturnType<typeof corsOf> | false;
}

/** A certificate in a file of this machine goes along as text: functions have no such file. */
const contentOf = (ca: string) => (existsSync(ca) ? readFileSync(ca, 'utf8') : ca);

/** @throws {ConfigError} naming every bad variable. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const config: Config<(typeof OPERATOR_SECTIONS)[number]> = readConfig(env, OPERATOR_SECTIONS);
  const { sync, daily, switches, browsers } = config;
  return {
    environment: {
      ...Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, env[name] || value])),
      MAX_API_CA: contentOf(env.MAX_API_CA ?? ''),
      PARTICIPANTS_MAX_CALLS_PER_HOUR: env.PARTICIPANTS_MAX_CALLS_PER_HOUR ?? '',
      CONSOLE_CLIENT_ID: env.CONSOLE_CLIENT_ID ?? '',
    },
    schedules: {
      stale: rateExpression(sync.PARTICIPANTS_UPDATE_INTERVAL),
      full: `cron(0 ${daily.PARTICIPANTS_FULL_UPDATE_HOUR} * * ? *)`,
      timezone: daily.PARTICIPANTS_TIMEZONE,
      enabled: switches.PARTICIPANTS_ENABLE_BACKGROUND_SYNC && !switches.PARTICIPANTS_INTEGRATION_DISABLED,
    },
    cors: browsers.CORS_ALLOWED_ORIGINS ? corsOf(browsers.CORS_ALLOWED_ORIGINS) : false,
  };
}
