import { describe, expect, test } from 'vitest';
import { readSettings } from '../../infra/settings.ts';
import { ConfigError, DEFAULTS } from '../../lib/runtime/config.ts';

describe('settings of the packaging', () => {
  test('have defaults if nothing is set', () => {
    expect(readSettings({})).toEqual({
      environment: { ...DEFAULTS, CONSOLE_CLIENT_ID: '', MAX_API_CA: '', PARTICIPANTS_MAX_CALLS_PER_HOUR: '' },
      schedules: {
        stale: 'rate(15 minutes)',
        full: 'cron(0 3 * * ? *)',
        timezone: 'Europe/Moscow',
        enabled: true,
      },
      cors: false,
    });
    expect(readSettings({ PARTICIPANTS_UPDATE_INTERVAL: '' }).schedules.stale).toBe('rate(15 minutes)');
  });

  test.each([
    ['1m', 'rate(1 minute)'],
    ['60s', 'rate(1 minute)'],
    ['2m', 'rate(2 minutes)'],
    ['1h30m', 'rate(90 minutes)'],
    ['1.1h', 'rate(66 minutes)'],
    ['24h', 'rate(1440 minutes)'],
  ])('an interval of %s is %s', (interval, rate) => {
    expect(readSettings({ PARTICIPANTS_UPDATE_INTERVAL: interval }).schedules.stale).toBe(rate);
  });

  test.each(['90s', '1m500ms', '61s', '30s', '25h', 'soon'])('an interval of %s stops the packaging', (interval) => {
    expect(() => readSettings({ PARTICIPANTS_UPDATE_INTERVAL: interval })).toThrow(ConfigError);
    expect(() => readSettings({ PARTICIPANTS_UPDATE_INTERVAL: interval })).toThrow('PARTICIPANTS_UPDATE_INTERVAL must');
  });

  test('the full update follows the hour and the time zone', () => {
    const env = { PARTICIPANTS_FULL_UPDATE_HOUR: '23', PARTICIPANTS_TIMEZONE: 'Asia/Vladivostok' };
    expect(readSettings(env).schedules).toMatchObject({ full: 'cron(0 23 * * ? *)', timezone: 'Asia/Vladivostok' });
  });

  test.each<[NodeJS.ProcessEnv, boolean]>([
    [{}, true],
    [{ PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' }, false],
    [{ PARTICIPANTS_INTEGRATION_DISABLED: 'true' }, false],
    [{ PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false' }, true],
  ])('with %j the schedules are on: %j', (env, enabled) => {
    expect(readSettings(env).schedules.enabled).toBe(enabled);
  });

  test('variables reach the functions unchanged', () => {
    const env = { PARTICIPANTS_CACHE_TTL: '2h', MAX_API_CA: '/etc/ca.pem', MAX_API_RPS: '10' };
    expect(readSettings(env).environment).toMatchObject(env);
  });

  test('pages of the allowed origins may read all headers of the API', () => {
    const { cors } = readSettings({ CORS_ALLOWED_ORIGINS: 'https://admin.example.org, http://localhost:3000' });
    expect(cors).toMatchObject({
      allowedOrigins: ['https://admin.example.org', 'http://localhost:3000'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedResponseHeaders: expect.arrayContaining(['location', 'retry-after', 'x-request-id']),
    });
  });

  test.each([
    '*',
    'https://*.example.org',
    'https://admin.example.org/',
    'https://admin.example.org/panel',
    'https://Admin.example.org',
    'https://admin.example.org:443',
    'https://админ.рф',
    'admin.example.org',
    'null',
    'https://a.example.org;https://b.example.org',
    'https://a.example.org,,https://b.example.org',
    'file:///tmp',
  ])('CORS_ALLOWED_ORIGINS=%s stops the packaging', (list) => {
    expect(() => readSettings({ CORS_ALLOWED_ORIGINS: list })).toThrow('CORS_ALLOWED_ORIGINS must be origins');
  });

  test('all invalid variables are named at once', () => {
    const env = { PARTICIPANTS_CACHE_TTL: 'x', MAX_API_RPS: 'y', PARTICIPANTS_TIMEZONE: 'z', REDIS_URL: 'w' };
    for (const name of Object.keys(env)) expect(() => readSettings(env)).toThrow(name);
  });
});
