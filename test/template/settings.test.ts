import { describe, expect, test } from 'vitest';
import { monitoring } from '../../infra/monitoring.ts';
import { readParameters } from '../../infra/parameters.ts';
import { readSettings } from '../../infra/settings.ts';
import { ConfigError } from '../../lib/runtime/config.ts';

/** Values that the packaging computes from the environment, tested without packaging. */

const alarmsFor = (env: NodeJS.ProcessEnv) =>
  monitoring({ service: 's', stage: 'x', cacheNodes: 1, timeoutS: 10, functions: {}, env }) as Record<string, Alarm>;

interface Alarm {
  readonly Properties: {
    readonly Metrics?: readonly { readonly MetricStat?: { readonly Period: number } }[];
    readonly EvaluationPeriods: number;
    readonly DatapointsToAlarm: number;
  };
}

test.each<[NodeJS.ProcessEnv, string, string, string, boolean]>([
  [{}, 'rate(15 minutes)', 'cron(0 3 * * ? *)', 'Europe/Moscow', true],
  [{ PARTICIPANTS_UPDATE_INTERVAL: '1m' }, 'rate(1 minute)', 'cron(0 3 * * ? *)', 'Europe/Moscow', true],
  [{ PARTICIPANTS_FULL_UPDATE_HOUR: '0' }, 'rate(15 minutes)', 'cron(0 0 * * ? *)', 'Europe/Moscow', true],
  [{ PARTICIPANTS_TIMEZONE: 'Asia/Omsk' }, 'rate(15 minutes)', 'cron(0 3 * * ? *)', 'Asia/Omsk', true],
  [{ PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' }, 'rate(15 minutes)', 'cron(0 3 * * ? *)', 'Europe/Moscow', false],
])('with %j the schedules are %s and %s (%s), on: %j', (env, stale, full, timezone, enabled) => {
  expect(readSettings(env).schedules).toEqual({ stale, full, timezone, enabled });
});

describe('the alarms on freshness', () => {
  test.each([
    ['1m', 60],
    ['15m', 900],
    ['24h', 86_400],
  ])('follow an interval of %s', (interval, seconds) => {
    const { NoSuccessfulSync, StaleCountGrowing } = alarmsFor({ PARTICIPANTS_UPDATE_INTERVAL: interval });
    expect(NoSuccessfulSync?.Properties).toMatchObject({ Period: seconds, EvaluationPeriods: 2 });
    const { Metrics, EvaluationPeriods = 0, DatapointsToAlarm } = StaleCountGrowing?.Properties ?? {};
    const period = Metrics?.[1]?.MetricStat?.Period ?? 0;
    expect(period).toBeGreaterThan(0);
    // CloudWatch's limits.
    expect(period * EvaluationPeriods).toBeLessThanOrEqual(period < 3_600 ? 86_400 : 604_800);
    expect(DatapointsToAlarm).toBeLessThanOrEqual(EvaluationPeriods);
  });

  test.each(['PARTICIPANTS_ENABLE_BACKGROUND_SYNC', 'PARTICIPANTS_INTEGRATION_DISABLED'])('go with %s', (variable) => {
    const off = alarmsFor({ [variable]: variable.endsWith('DISABLED') ? 'true' : 'false' });
    expect(Object.keys(off)).not.toContain('NoSuccessfulSync');
    expect(Object.keys(off)).not.toContain('FullUpdateMissed');
    expect(Object.keys(off)).toContain('HighParticipantsAPIErrors');
  });
});

describe('the parameters of the stack', () => {
  test('have the environment variables as defaults', () => {
    expect(readParameters({})).toEqual({});
    expect(readParameters({ VPC_ID: 'vpc-1', REDIS_NODE_TYPE: '' })).toEqual({ VpcId: { Default: 'vpc-1' } });
  });

  test('need an issuer that is a URL, and an audience', () => {
    expect(() => readParameters({ AUTH_ISSUER: 'issuer', AUTH_AUDIENCE: 'a' })).toThrow('AUTH_ISSUER must');
    expect(() => readParameters({ AUTH_ISSUER: 'https://issuer.example' })).toThrow(ConfigError);
  });
});
