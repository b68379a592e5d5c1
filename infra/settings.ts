import { existsSync, readFileSync } from 'node:fs';
import { type Config, ConfigError, DEFAULTS, readConfig, type Section } from '../lib/runtime/config.ts';

/**
 * Values that the packaging computes from the configuration, like schedules. An invalid value stops the packaging. `serverless.yml`
 * uses them through `settings.cjs`.
 */

/** Sections that an operator sets at packaging. The stack sets the others itself. */
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

/** Returns a rate for EventBridge: whole minutes, with the singular unit for one. */
function rateExpression(intervalMs: number): string {
  const minutes = intervalMs / MINUTE_MS;
  if (!Number.isInteger(minutes) || minutes < 1) {
    throw new ConfigError([
      {
        variable: 'PARTICIPANTS_UPDATE_INTERVAL',
        problem: 'must be a whole number of minutes, because schedules have no seconds',
      },
    ]);
  }
  return minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`;
}

/** Returns the CORS settings for pages of other origins. They send the token in a header, so they need no browser credentials. */
const corsOf = (allowedOrigins: readonly string[]) => ({
  allowedOrigins,
  allowedMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type'],
  exposedResponseHeaders: ['location', 'retry-after', 'server-timing', 'x-request-id'],
  /** Chromium caches a response to a preflight for at most two hours. */
  maxAge: 7_200,
});

export interface Settings {
  /** The operator's variables for the functions, as strings, with defaults. */
  readonly environment: Readonly<Record<string, string>>;
  readonly schedules: {
    readonly stale: string;
    readonly full: string;
    readonly timezone: string;
    readonly enabled: boolean;
  };
  /** `provider.httpApi.cors`; false if no page of another origin may use the API. */
  readonly cors: ReturnType<typeof corsOf> | false;
}

/** Returns the content of a certificate file, because functions don't have the file. */
const contentOf = (ca: string) => (existsSync(ca) ? readFileSync(ca, 'utf8') : ca);

/** Reads the settings. @throws {ConfigError} with all invalid variables. */
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
