import * as z from 'zod';
import { parseDuration } from '../base/duration.ts';

/**
 * The configuration from environment variables. Each section contains the variables of one concern, so that a function gets only
 * the variables that it uses.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The defaults, in the notation of environment variables. */
export const DEFAULTS = {
  PARTICIPANTS_CACHE_TTL: '1h',
  PARTICIPANTS_UPDATE_INTERVAL: '15m',
  PARTICIPANTS_FULL_UPDATE_HOUR: '3',
  PARTICIPANTS_TIMEZONE: 'Europe/Moscow',
  PARTICIPANTS_BATCH_SIZE: '50',
  PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'true',
  PARTICIPANTS_ENABLE_LAZY_UPDATE: 'true',
  PARTICIPANTS_INTEGRATION_DISABLED: 'false',
  MAX_API_URL: 'https://platform-api2.max.ru',
  MAX_API_RPS: '30',
  PARTICIPANTS_MAX_API_TIMEOUT: '5s',
  PARTICIPANTS_MAX_RETRIES: '3',
  PARTICIPANTS_EVENT_WINDOW: '30s',
  PARTICIPANTS_BACKGROUND_SHARE: '0.2',
  PARTICIPANTS_HISTORY_DAYS: '730',
  CONSOLE_ENABLED: 'true',
} as const;

const duration = (minMs: number, maxMs: number, allowed: string) =>
  z.string().transform((text, ctx) => {
    const ms = parseDuration(text.trim());
    if (ms === undefined || ms < minMs || ms > maxMs) {
      ctx.addIssue({ code: 'custom', message: `must be a duration ${allowed}, written like 90s, 15m or 1h30m` });
      return z.NEVER;
    }
    return ms;
  });

const integer = (min: number, max: number) =>
  z
    .string()
    .trim()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

const flag = z
  .string()
  .trim()
  .toLowerCase()
  .refine((text) => text === 'true' || text === 'false', 'must be true or false')
  .transform((text) => text === 'true');

const text = z.string().trim().min(1, 'must not be empty');

const url = (...protocols: string[]) =>
  text.refine(
    (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
    `must be a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  );

/**
 * Origins in the form that browsers send, so that they can be compared as text: `https://admin.example.org`, with a non-default
 * port.
 */
const origins = text
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .refine(
    (list) =>
      list.every(
        (origin) => /^https?:[^*]+$/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin,
      ),
    'must be origins as browsers send them, separated by commas: a scheme, a host in lower case (xn--… for Cyrillic names), a port if it is not the usual one, no path and no *; like https://admin.example.org,http://localhost:3000',
  );

const timeZone = text.refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone, like Europe/Moscow');

const share = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1')
  .transform(Number);

/** Schemas that are created on use. No function reads more than half of them, and creating all would add 4 ms to a cold start. */
export const SECTIONS = {
  /** The kill switches. */
  switches: () =>
    z.object({
      PARTICIPANTS_ENABLE_BACKGROUND_SYNC: flag.prefault(DEFAULTS.PARTICIPANTS_ENABLE_BACKGROUND_SYNC),
      PARTICIPANTS_ENABLE_LAZY_UPDATE: flag.prefault(DEFAULTS.PARTICIPANTS_ENABLE_LAZY_UPDATE),
      PARTICIPANTS_INTEGRATION_DISABLED: flag.prefault(DEFAULTS.PARTICIPANTS_INTEGRATION_DISABLED),
    }),
  freshness: () =>
    z.object({
      PARTICIPANTS_CACHE_TTL: duration(1_000, 30 * 24 * HOUR_MS, 'from 1s to 720h').prefault(
        DEFAULTS.PARTICIPANTS_CACHE_TTL,
      ),
    }),
  sync: () =>
    z.object({
      PARTICIPANTS_UPDATE_INTERVAL: duration(MINUTE_MS, 24 * HOUR_MS, 'from 1m to 24h').prefault(
        DEFAULTS.PARTICIPANTS_UPDATE_INTERVAL,
      ),
    }),
  /** Read only at packaging: the time of the daily full update. */
  daily: () =>
    z.object({
      PARTICIPANTS_FULL_UPDATE_HOUR: integer(0, 23).prefault(DEFAULTS.PARTICIPANTS_FULL_UPDATE_HOUR),
      PARTICIPANTS_TIMEZONE: timeZone.prefault(DEFAULTS.PARTICIPANTS_TIMEZONE),
    }),
  /** The planner's budget. */
  budget: () =>
    z.object({
      PARTICIPANTS_BACKGROUND_SHARE: share
        .refine((part) => part > 0, 'must be a share above 0, up to 1')
        .prefault(DEFAULTS.PARTICIPANTS_BACKGROUND_SHARE),
      PARTICIPANTS_MAX_CALLS_PER_HOUR: integer(1, 3_600_000).optional(),
    }),
  batches: () =>
    z.object({
      PARTICIPANTS_BATCH_SIZE: integer(1, 500).prefault(DEFAULTS.PARTICIPANTS_BATCH_SIZE),
    }),
  redis: () =>
    z.object({
      REDIS_URL: url('redis:', 'rediss:'),
      /** Alternative to a password in the URL. */
      REDIS_AUTH_TOKEN: text.optional(),
      /** The SSM parameter of the token on AWS: a reference to the secret that the stack generates. */
      REDIS_AUTH_TOKEN_PARAMETER: text.optional(),
    }),
  /** Read only at packaging, because API Gateway handles CORS. */
  browsers: () => z.object({ CORS_ALLOWED_ORIGINS: origins.optional() }),
  upstream: () =>
    z.object({
      MAX_API_URL: url('https:', 'http:').prefault(DEFAULTS.MAX_API_URL),
    }),
  quota: () =>
    z.object({
      MAX_API_RPS: integer(1, 1_000).prefault(DEFAULTS.MAX_API_RPS),
    }),
  fallback: () =>
    z.object({
      /** Share of the rate that one environment may use while Redis is not available. */
      MAX_API_FALLBACK_SHARE: share.default(0),
    }),
  max: () =>
    z.object({
      MAX_API_TOKEN: text.optional(),
      /** The SSM SecureString with the token on AWS. */
      MAX_API_TOKEN_PARAMETER: text.optional(),
      /** A PEM certificate, or the path of one. */
      MAX_API_CA: text.optional(),
      PARTICIPANTS_MAX_API_TIMEOUT: duration(100, 60_000, 'from 100ms to 60s').prefault(
        DEFAULTS.PARTICIPANTS_MAX_API_TIMEOUT,
      ),
      PARTICIPANTS_MAX_RETRIES: integer(0, 10).prefault(DEFAULTS.PARTICIPANTS_MAX_RETRIES),
    }),
  tables: () =>
    z.object({
      CHATS_TABLE: text,
      CHAT_POSTINGS_TABLE: text,
      STATE_TABLE: text,
    }),
  history: () =>
    z.object({
      HISTORY_TABLE: text,
    }),
  retention: () =>
    z.object({
      /** Days after which the history of a count expires. */
      PARTICIPANTS_HISTORY_DAYS: integer(1, 3_650).prefault(DEFAULTS.PARTICIPANTS_HISTORY_DAYS),
    }),
  queues: () =>
    z.object({
      EXPRESS_REFRESHES_QUEUE_URL: text,
      BULK_REFRESHES_QUEUE_URL: text,
    }),
  plans: () =>
    z.object({
      FULL_UPDATE_QUEUE_URL: text,
    }),
  updates: () =>
    z.object({
      UPDATES_QUEUE_URL: text,
    }),
  events: () =>
    z.object({
      /** Coalescing window: joins and leaves of a chat within this time cost one request. SQS delays at most 15 minutes. */
      PARTICIPANTS_EVENT_WINDOW: duration(1_000, 15 * MINUTE_MS, 'from 1s to 15m').prefault(
        DEFAULTS.PARTICIPANTS_EVENT_WINDOW,
      ),
    }),
  webhookSecret: () =>
    z.object({
      /** The secret that MAX sends in `X-Max-Bot-Api-Secret`. */
      WEBHOOK_SECRET: text.regex(/^[\w-]{5,256}$/, 'must have 5 to 256 letters, digits, _ or -').optional(),
      WEBHOOK_SECRET_PARAMETER: text.optional(),
    }),
  webhook: () =>
    z.object({
      /** The public address of POST /webhooks/max: https on port 443. Without it, there are no events. */
      WEBHOOK_URL: url('https:', 'http:').optional(),
    }),
  tracing: () =>
    z.object({
      POWERTOOLS_TRACE_ENABLED: flag.prefault('true'),
    }),
  auth: () =>
    z.object({
      AUTH_ISSUER: url('https:', 'http:'),
      AUTH_AUDIENCE: text,
      /** URL of the issuer's keys; `<issuer>/.well-known/jwks.json` by default. */
      AUTH_JWKS_URL: url('https:', 'http:').optional(),
    }),
  console: () =>
    z.object({
      /** Whether `/console` is served. */
      CONSOLE_ENABLED: flag.prefault(DEFAULTS.CONSOLE_ENABLED),
      /** The console's client at the issuer: people sign in there. Without one they paste a token. */
      CONSOLE_CLIENT_ID: text.optional(),
    }),
  cursors: () =>
    z.object({
      /** Signs the cursors. At least 16 characters. */
      CURSOR_SECRET: text.min(16, 'must have at least 16 characters').optional(),
      CURSOR_SECRET_PARAMETER: text.optional(),
    }),
} as const;

export type Section = keyof typeof SECTIONS;
export type Config<S extends Section = Section> = { [K in S]: z.output<ReturnType<(typeof SECTIONS)[K]>> };

/** An invalid configuration. The message names all invalid variables and never contains a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(problems: readonly { readonly variable: string; readonly problem: string }[]) {
    super(['The configuration is not usable:', ...problems.map((p) => `  ${p.variable} ${p.problem}`)].join('\n'));
  }
}

/** Returns the names of the environment variables that a section reads. */
export const variablesOf = (section: Section): string[] => Object.keys(SECTIONS[section]().shape);

/**
 * Parses these sections. An empty variable counts as not set.
 * @throws {ConfigError} with all missing variables of these sections, and all invalid variables of any section.
 */
export function readConfig<S extends Section>(env: NodeJS.ProcessEnv, sections: readonly S[]): Config<S> {
  const parse = (section: Section) => {
    const schema = SECTIONS[section]();
    const set = Object.keys(schema.shape).flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
    return schema.safeParse(Object.fromEntries(set));
  };
  const config: Partial<Record<Section, unknown>> = {};
  let usable = true;
  for (const section of sections) {
    const parsed = parse(section);
    if (parsed.success) config[section] = parsed.data;
    else usable = false;
  }
  if (usable) return config as Config<S>;

  const wanted: readonly Section[] = sections;
  const problems = (Object.keys(SECTIONS) as Section[]).flatMap((section) =>
    (parse(section).error?.issues ?? [])
      .map((issue) => ({ variable: String(issue.path[0]), problem: issue.message }))
      .filter(({ variable }) => env[variable] || wanted.includes(section))
      .map(({ variable, problem }) => ({ variable, problem: env[variable] ? problem : 'is missing' })),
  );
  throw new ConfigError(problems);
}
