import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../lib/base/duration.ts';
import { ConfigError, DEFAULTS, readConfig, type Section, variablesOf } from '../../lib/runtime/config.ts';

const HOUR = 3_600_000;
const SECTIONS = [
  ...['switches', 'freshness', 'sync', 'daily', 'batches', 'redis', 'upstream', 'quota', 'fallback', 'max', 'tables'],
  ...['budget', 'events', 'updates', 'webhook', 'webhookSecret', 'queues', 'plans', 'tracing', 'auth', 'cursors'],
  ...['history', 'retention', 'console'],
] as readonly Section[];

/** The variables that must be set for all sections. */
const needed = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  CHATS_TABLE: 'chats',
  CHAT_POSTINGS_TABLE: 'postings',
  STATE_TABLE: 'state',
  HISTORY_TABLE: 'history',
  EXPRESS_REFRESHES_QUEUE_URL: 'https://sqs.example/requested',
  BULK_REFRESHES_QUEUE_URL: 'https://sqs.example/planned',
  FULL_UPDATE_QUEUE_URL: 'https://sqs.example/full',
  UPDATES_QUEUE_URL: 'https://sqs.example/updates',
  AUTH_ISSUER: 'https://issuer.example',
  AUTH_AUDIENCE: 'chats',
};

/** Returns the error for an environment, `''` if there is none. */
function complaint(env: NodeJS.ProcessEnv, sections: readonly Section[] = SECTIONS): string {
  try {
    readConfig({ ...needed, ...env }, sections);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
}

describe('the configuration', () => {
  test('has the defaults of the design', () => {
    const config = readConfig(needed, SECTIONS);
    const { switches, freshness, sync, daily, batches, budget, retention, events, upstream, quota, fallback } = config;
    const { max, tracing, console: pages } = config;
    const planning = { ...switches, ...freshness, ...sync, ...daily, ...batches, ...budget, ...retention, ...events };
    const set = { ...planning, ...upstream, ...quota, ...fallback, ...max, ...tracing, ...pages };
    expect(set).toEqual({
      PARTICIPANTS_ENABLE_BACKGROUND_SYNC: true,
      PARTICIPANTS_ENABLE_LAZY_UPDATE: true,
      PARTICIPANTS_INTEGRATION_DISABLED: false,
      PARTICIPANTS_CACHE_TTL: HOUR,
      PARTICIPANTS_UPDATE_INTERVAL: HOUR / 4,
      PARTICIPANTS_FULL_UPDATE_HOUR: 3,
      PARTICIPANTS_TIMEZONE: 'Europe/Moscow',
      PARTICIPANTS_BATCH_SIZE: 50,
      PARTICIPANTS_BACKGROUND_SHARE: 0.2,
      PARTICIPANTS_EVENT_WINDOW: 30_000,
      PARTICIPANTS_HISTORY_DAYS: 730,
      CONSOLE_ENABLED: true,
      MAX_API_URL: 'https://platform-api2.max.ru',
      MAX_API_RPS: 30,
      MAX_API_FALLBACK_SHARE: 0,
      PARTICIPANTS_MAX_API_TIMEOUT: 5_000,
      PARTICIPANTS_MAX_RETRIES: 3,
      POWERTOOLS_TRACE_ENABLED: true,
    });
  });

  test('treats an empty variable as not set', () => {
    const names = SECTIONS.flatMap(variablesOf);
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(readConfig({ ...empty, ...needed }, SECTIONS)).toEqual(readConfig(needed, SECTIONS));
    expect(complaint({ REDIS_URL: '' })).toBe('The configuration is not usable:\n  REDIS_URL is missing');
  });

  test.each<[string, string, unknown]>([
    ['PARTICIPANTS_ENABLE_LAZY_UPDATE', 'FALSE', false],
    ['PARTICIPANTS_INTEGRATION_DISABLED', ' True ', true],
    ['PARTICIPANTS_CACHE_TTL', ' 1h30m', 1.5 * HOUR],
    ['PARTICIPANTS_CACHE_TTL', '720h', 720 * HOUR],
    ['PARTICIPANTS_UPDATE_INTERVAL', '1m', 60_000],
    ['PARTICIPANTS_MAX_API_TIMEOUT', '1.5s', 1_500],
    ['PARTICIPANTS_FULL_UPDATE_HOUR', '0', 0],
    ['PARTICIPANTS_TIMEZONE', 'Asia/Yekaterinburg', 'Asia/Yekaterinburg'],
    ['PARTICIPANTS_BATCH_SIZE', ' 500 ', 500],
    ['PARTICIPANTS_MAX_RETRIES', '0', 0],
    ['PARTICIPANTS_BACKGROUND_SHARE', '1', 1],
    ['PARTICIPANTS_BACKGROUND_SHARE', '0.05', 0.05],
    ['PARTICIPANTS_MAX_CALLS_PER_HOUR', '200', 200],
    ['PARTICIPANTS_EVENT_WINDOW', '15m', HOUR / 4],
    ['MAX_API_FALLBACK_SHARE', '0.03', 0.03],
    ['REDIS_URL', 'rediss://user:pass@redis.example:6380/1', 'rediss://user:pass@redis.example:6380/1'],
  ])('reads %s=%j', (variable, value, expected) => {
    const config = readConfig({ ...needed, [variable]: value }, SECTIONS);
    expect(Object.assign({}, ...Object.values(config))[variable]).toBe(expected);
  });

  const bad: [string, ...string[]][] = [
    ['PARTICIPANTS_ENABLE_BACKGROUND_SYNC', 'yes', '1', 'truefalse'],
    ['PARTICIPANTS_ENABLE_LAZY_UPDATE', 'on'],
    ['PARTICIPANTS_INTEGRATION_DISABLED', '0'],
    ['PARTICIPANTS_CACHE_TTL', '3600', '1 h', '-1h', '999ms', '721h', '1d', 'h', '1h30', '1e3s', '٣h'],
    ['PARTICIPANTS_UPDATE_INTERVAL', '59s', '25h', '0'],
    ['PARTICIPANTS_FULL_UPDATE_HOUR', '24', '-1', '3.5', '03:00', '0x3'],
    ['PARTICIPANTS_TIMEZONE', 'Mosckow', 'Europe/Atlantis', 'MSK+3'],
    ['PARTICIPANTS_BATCH_SIZE', '0', '501', '50.0', '9999999999'],
    ['PARTICIPANTS_BACKGROUND_SHARE', '0', '0.0', '1.1', '20%', '-0.2'],
    ['PARTICIPANTS_MAX_CALLS_PER_HOUR', '0', '-1', '1.5', '3600001', 'few'],
    ['PARTICIPANTS_EVENT_WINDOW', '16m', '500ms', '30'],
    ['REDIS_URL', 'http://redis.example', 'redis.example:6379', '//redis'],
    ['MAX_API_URL', 'ftp://max.example', 'max.example'],
    ['MAX_API_RPS', '0', '1001', '30/s'],
    ['MAX_API_FALLBACK_SHARE', '1.5', '-0.1', '.5', '50%'],
    ['PARTICIPANTS_MAX_API_TIMEOUT', '99ms', '61s', '5'],
    ['PARTICIPANTS_MAX_RETRIES', '11', '-1', 'many'],
    ['WEBHOOK_URL', 'chats.example/webhooks/max'],
    ['WEBHOOK_SECRET', 'four', 'with a space', 'кириллица'],
    ['AUTH_ISSUER', 'issuer.example'],
    ['AUTH_JWKS_URL', 'file:///etc/passwd'],
    ['CURSOR_SECRET', 'too-short-secret'.slice(0, 15)],
  ];

  test.each(bad.flatMap(([variable, ...values]) => values.map((value) => [variable, value] as const)))(
    'refuses %s=%j, without showing it',
    (variable, value) => {
      const said = complaint({ [variable]: value });
      expect(said).toMatch(new RegExp(`^The configuration is not usable:\n  ${variable} must [^\n]+$`));
      // The shortest values occur in any sentence.
      if (value.length > 4) expect(said).not.toContain(value);
    },
  );

  test('names all invalid variables at once, whichever section was requested', () => {
    const env = Object.fromEntries(bad.map(([variable, value = '']) => [variable, value]));
    const said = complaint(env, ['freshness']);
    for (const [variable] of bad) expect(said.match(new RegExp(`^  ${variable} `, 'gm'))).toHaveLength(1);
  });

  test('requires only the variables of the requested sections', () => {
    expect(readConfig({}, ['freshness'])).toEqual({ freshness: { PARTICIPANTS_CACHE_TTL: HOUR } });
    expect(() => readConfig({}, ['tables', 'redis'])).toThrow(
      'CHATS_TABLE is missing\n  CHAT_POSTINGS_TABLE is missing\n  STATE_TABLE is missing',
    );
    expect(() => readConfig({}, ['tables'])).not.toThrow(/REDIS_URL/);
  });

  test('never shows a secret in any error', () => {
    const secret = 'f9LHodD0cOI-very-secret';
    const env = {
      MAX_API_TOKEN: secret,
      CURSOR_SECRET: secret,
      REDIS_URL: `http://:${secret}@redis`,
      MAX_API_RPS: '0',
    };
    const said = complaint(env);
    expect(said).toContain('REDIS_URL must');
    expect(said).toContain('MAX_API_RPS must');
    expect(said).not.toContain(secret);
  });
});

describe('durations', () => {
  test.each<[string, number | undefined]>([
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['30m1h', 5_400_000],
    ['1h0m0.5s', 3_600_500],
    ['100ms', 100],
    ['1500µs', 1.5],
    ['1500us', 1.5],
    ['250000ns', 0.25],
    // These values would have errors in floating-point arithmetic.
    ['1.1h', 3_960_000],
    ['1.001s', 1_001],
    ['0.07h', 252_000],
    ['0s', 0],
    ['', undefined],
    ['90', undefined],
    ['1h 30m', undefined],
    ['-5m', undefined],
    ['5M', undefined],
    ['1h30', undefined],
    ['5m\n', undefined],
    ['Infinitys', undefined],
  ])('%j is %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test("in Go's format are parsed exactly", () => {
    const upTo = (max: number) => fc.nat({ max });
    fc.assert(
      fc.property(upTo(720), upTo(59), upTo(59), upTo(999), (h, m, s, ms) => {
        const total = ((h * 60 + m) * 60 + s) * 1_000 + ms;
        expect(parseDuration(goString(total))).toBe(total);
      }),
    );
  });

  test('never throw, and are never negative', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseDuration(text) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('in the defaults are valid', () => {
    for (const [name, value] of Object.entries(DEFAULTS)) expect(complaint({ [name]: value })).toBe('');
  });
});

/** Returns a duration in the format of Go's `Duration.String`: `1h0m0.5s`, below a second `500ms`. */
function goString(ms: number): string {
  if (ms < 1_000) return ms === 0 ? '0s' : `${ms}ms`;
  const fraction = String(ms % 1_000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  const seconds = `${Math.floor(ms / 1_000) % 60}${fraction && `.${fraction}`}s`;
  const minutes = Math.floor(ms / 60_000) % 60;
  const hours = Math.floor(ms / HOUR);
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
