import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ROUTES } from '../../functions/http-describe-api/routes.ts';
import { PAGE_PATHS } from '../../functions/http-serve-pages/paths.ts';
import { type Section, variablesOf } from '../../lib/runtime/config.ts';
import { METRICS } from '../../lib/runtime/metric-names.ts';
import { emittedMetrics, metricKey } from './emitted.ts';
import { functionsOf, idIn, ofType, type Packaged, packageStage, type Resource, ROOT } from './packaging.ts';
import { sectionsOf } from './sections.ts';

/** The packaged template as it would be deployed: for the default stage unchanged, and for `prod` with an operator's settings. */

const CANARY = 'canary-4c1d0f3a9b';
let dev: Packaged;
let prod: Packaged;
const sections = new Map<string, Set<Section>>();

beforeAll(async () => {
  [dev, prod] = await Promise.all([
    packageStage('dev'),
    packageStage('prod', {
      PARTICIPANTS_UPDATE_INTERVAL: '1m',
      PARTICIPANTS_FULL_UPDATE_HOUR: '23',
      PARTICIPANTS_TIMEZONE: 'Asia/Yekaterinburg',
      AUTH_ISSUER: 'https://issuer.example',
      AUTH_AUDIENCE: 'chats',
      MAX_API_TOKEN: CANARY,
      CURSOR_SECRET: CANARY,
      REDIS_AUTH_TOKEN: CANARY,
    }),
  ]);
  for (const [key, { Properties }] of functionsOf(dev.template))
    sections.set(key, await sectionsOf(Properties.Handler));
}, 300_000);

afterAll(() => {
  dev?.remove();
  prod?.remove();
});

const both = () => [dev, prod];
/** Secrets without SSM; on AWS, another variable names their parameter. */
const isNoSecret = (name: string, _: number, names: readonly string[]) => !names.includes(`${name}_PARAMETER`);
const environmentOf = ({ Properties }: Resource): Record<string, unknown> => Properties.Environment?.Variables ?? {};

test('the packager reports no problems', () => {
  for (const { output } of both()) expect(output).not.toMatch(/warn|deprecat|error/i);
});

test('packaging leaves no temporary files', () => {
  for (const { leftBehind } of both()) expect(leftBehind).toEqual([]);
});

test('packaging that takes too long is stopped, and leaves neither folders nor processes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat-participants-test-'));
  vi.stubEnv('TMPDIR', folder);
  try {
    await expect(packageStage('dev', {}, 2_000)).rejects.toMatchObject({ killed: true, signal: 'SIGKILL' });
    expect(readdirSync(folder)).toEqual([]);
    await vi.waitFor(() => expect(processesIn(folder)).toEqual([]), 5_000);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});

/** Returns the ids of processes whose working directory is in `folder`; none if there is no `/proc`. */
const processesIn = (folder: string) =>
  globSync('/proc/[0-9]*').filter((path) => {
    try {
      return readlinkSync(join(path, 'cwd')).startsWith(folder);
    } catch {
      // It has ended, or belongs to another user.
      return false;
    }
  });

test('cfn-lint reports no problems', (context) => {
  if (spawnSync('cfn-lint', ['--version']).error) context.skip('there is no cfn-lint: pip install cfn-lint');
  for (const { file } of both()) {
    const { status, stdout, stderr } = spawnSync('cfn-lint', ['-t', file], { encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  }
}, 120_000);

test('names have room for a stage of twenty characters', () => {
  const limits: Readonly<Record<string, readonly [property: string, limit: number]>> = {
    'AWS::Lambda::Function': ['FunctionName', 64],
    'AWS::SQS::Queue': ['QueueName', 80],
    'AWS::ElastiCache::ReplicationGroup': ['ReplicationGroupId', 40],
    // CloudFormation chooses it.
    'AWS::IAM::Role': ['RoleName', 0],
  };
  for (const [type, [property, limit]] of Object.entries(limits)) {
    for (const [id, { Properties }] of ofType(prod.template, type)) {
      const name: string = Properties[property] ?? '';
      expect(name.replace('-prod', `-${'x'.repeat(20)}`).length, `${property} of ${id}`).toBeLessThanOrEqual(limit);
    }
  }
});

describe('permissions', () => {
  /** `#` replaces the dollar sign, which the linter misinterprets. */
  const sub = (text: string) => JSON.stringify({ 'Fn::Sub': text.replaceAll('#', '$') });
  const statementsOf = ({ Properties }: Resource) =>
    Properties.Policies.flatMap(
      (policy: { PolicyDocument: { Statement: readonly Statement[] } }) => policy.PolicyDocument.Statement,
    ) as Statement[];
  interface Statement {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource: unknown;
  }
  const roleOf = (key: string) => {
    const role = functionsOf(prod.template).get(key)?.Properties.Role;
    return prod.template.Resources[idIn(role)] as Resource;
  };
  const mentions = (key: string, text: string) => JSON.stringify(statementsOf(roleOf(key))).includes(text);

  test('each function has its own role, which only Lambda may assume', () => {
    const roles = [...functionsOf(prod.template).values()].map(({ Properties }) => idIn(Properties.Role));
    expect(new Set(roles).size).toBe(roles.length);
    const others = ofType(prod.template, 'AWS::IAM::Role').filter(([id]) => !roles.includes(id));
    expect(others.map(([id]) => id)).toEqual(['SchedulerRole']);
    for (const id of roles) {
      const { AssumeRolePolicyDocument, ManagedPolicyArns } = prod.template.Resources[id]?.Properties ?? {};
      expect(AssumeRolePolicyDocument.Statement).toEqual([
        { Effect: 'Allow', Principal: { Service: ['lambda.amazonaws.com'] }, Action: ['sts:AssumeRole'] },
      ]);
      expect(ManagedPolicyArns).toBeUndefined();
    }
  });

  test('no action contains an asterisk, and every resource with one is justified here', () => {
    const statements = ofType(prod.template, 'AWS::IAM::Role').flatMap(([, role]) => statementsOf(role));
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    const wide = statements.flatMap(({ Resource }) => [Resource].flat()).map((resource) => JSON.stringify(resource));
    const kinds = wide
      .filter((resource) => /[*?]/.test(resource))
      .map((resource) => resource.replace(/log-group:[^:]+:/, 'log-group:<own>:').replace(/prod-redis/, '<redis>'));
    expect([...new Set(kinds)].sort()).toEqual([
      '"*"',
      sub('#{ChatsTable.Arn}/index/*'),
      sub('arn:#{AWS::Partition}:logs:#{AWS::Region}:#{AWS::AccountId}:log-group:<own>:*'),
      sub(
        'arn:#{AWS::Partition}:secretsmanager:#{AWS::Region}:#{AWS::AccountId}:secret:chat-participants-<redis>-??????',
      ),
    ]);
    const unexplained = ['serverless.yml', ...globSync('infra/*.{yml,cjs}', { cwd: ROOT })].flatMap((file) => {
      const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
      return lines.flatMap((line, i) => {
        const wideOne = /Resource: '\*'|\/index\/\*|-\?{6}|, ':\*'/.test(line);
        const explained = /(#|\/\/) /.test([lines[i - 2], lines[i - 1], line].join('\n'));
        return wideOne && !explained ? [`${file}:${i + 1} ${line.trim()}`] : [];
      });
    });
    expect(unexplained).toEqual([]);
  });

  test('secrets are readable only by the functions that use them', () => {
    for (const [key, used] of sections) {
      expect([key, mentions(key, '/max-token')]).toEqual([key, used.has('max')]);
      expect([key, mentions(key, '/cursor-secret')]).toEqual([key, used.has('cursors')]);
      expect([key, mentions(key, 'secretsmanager:GetSecretValue')]).toEqual([key, used.has('redis')]);
      expect([key, mentions(key, 'dynamodb:')]).toEqual([key, used.has('tables')]);
      expect([key, mentions(key, '/webhook-secret')]).toEqual([key, used.has('webhookSecret')]);
      const knowsQueues = (['queues', 'plans', 'updates'] as const).some((section) => used.has(section));
      if (!knowsQueues) expect([key, mentions(key, 'sqs:SendMessage')]).toEqual([key, false]);
    }
  });
});

describe('functions', () => {
  test('are in the network if and only if they use Redis', () => {
    expect([...sections.values()].some((used) => used.has('redis'))).toBe(true);
    for (const [key, { Properties }] of functionsOf(prod.template)) {
      expect([key, Properties.VpcConfig !== undefined]).toEqual([key, sections.get(key)?.has('redis')]);
    }
  });

  test('have exactly the variables that they read', () => {
    const ofRuntime = (name: string) => name.startsWith('POWERTOOLS_') || name === 'NODE_OPTIONS';
    for (const { template } of both()) {
      for (const [key, resource] of functionsOf(template)) {
        const read = [...(sections.get(key) ?? [])].flatMap(variablesOf).filter(isNoSecret);
        const declared = Object.keys(environmentOf(resource));
        expect([key, declared.filter((name) => !ofRuntime(name)).sort()]).toEqual([
          key,
          read.filter((name) => !ofRuntime(name)).sort(),
        ]);
      }
    }
  });

  test('run on the Node version of the tests, with traces and source maps', () => {
    for (const resource of functionsOf(prod.template).values()) {
      expect(resource.Properties).toMatchObject({
        Runtime: `nodejs${process.versions.node.split('.')[0]}.x`,
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      });
      expect(environmentOf(resource)).toMatchObject({ NODE_OPTIONS: '--enable-source-maps' });
    }
  });

  test('together remain within the quota of MAX without Redis', () => {
    const shares = [...functionsOf(prod.template).values()].flatMap((resource) => {
      const share = Number(environmentOf(resource).MAX_API_FALLBACK_SHARE ?? 0);
      if (share === 0) return [];
      const { ReservedConcurrentExecutions: environments } = resource.Properties;
      expect(environments).toBeGreaterThan(0);
      return Array.from({ length: environments }, () => share);
    });
    for (let rps = 1; rps <= 1_000; rps += 1) {
      // Rounded like in lib/max-api/pace.ts.
      const sum = shares.reduce((all, share) => all + (rps * share >= 1 ? Math.floor(rps * share) : rps * share), 0);
      expect(sum).toBeLessThanOrEqual(0.95 * rps + Number.EPSILON * rps);
    }
  });

  test('of routes have no reserved concurrency, because API Gateway would answer further requests with a 503 without a body', () => {
    const behindRoutes = [...functionsOf(prod.template)].filter(([key]) => key.startsWith('http'));
    expect(behindRoutes).toHaveLength(ROUTES.length + 2);
    for (const [key, resource] of behindRoutes) {
      const { ReservedConcurrentExecutions } = resource.Properties;
      const { MAX_API_FALLBACK_SHARE = '0' } = environmentOf(resource);
      expect([key, ReservedConcurrentExecutions, MAX_API_FALLBACK_SHARE]).toEqual([key, undefined, '0']);
    }
  });

  test('contain no secret, and neither does the rest of the template', () => {
    for (const { text, template } of both()) {
      expect(text).not.toContain(CANARY);
      for (const resource of functionsOf(template).values()) {
        const named = Object.keys(environmentOf(resource)).filter((name) => /TOKEN|SECRET|PASSWORD/.test(name));
        expect(named.filter((name) => !name.endsWith('_PARAMETER'))).toEqual([]);
      }
    }
    expect(prod.template.Resources.Cache?.Properties.AuthToken['Fn::Sub']).toMatch(/^{{resolve:secretsmanager:/);
  });
});

/** Methods that a path without a parameter lacks, but that a route with a parameter would match, like `PATCH /chats/all`. */
function shadowed(): string[] {
  const paths = [...new Set(ROUTES.map(({ path }) => path))].filter((path) => !path.includes('{'));
  return paths.flatMap((literal) => {
    const isTakenBy = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(literal);
    const own = ROUTES.filter(({ path }) => path === literal).map(({ method }) => method);
    const taken = ROUTES.filter(({ path }) => isTakenBy(path)).map(({ method }) => method);
    return taken.filter((method) => !own.includes(method)).map((method) => `${method} ${literal}`);
  });
}

describe('the API', () => {
  test('has the routes of the OpenAPI document, and no authorizer', () => {
    const routes = ofType(dev.template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
    const pages = PAGE_PATHS.map((path) => `GET ${path}`);
    const promised = [...ROUTES.map(({ method, path }) => `${method} ${path}`), ...pages];
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([...promised, ...shadowed(), '$default'].sort());
    expect(routes.filter(({ AuthorizationType = 'NONE' }) => AuthorizationType !== 'NONE')).toEqual([]);
    expect(ofType(dev.template, 'AWS::ApiGatewayV2::Authorizer')).toEqual([]);
  });

  test('passes the token settings only to functions whose routes need a token', async () => {
    for (const [key, resource] of functionsOf(dev.template)) {
      const folder = join(ROOT, resource.Properties.Handler, '..');
      const route = existsSync(join(folder, 'route.ts')) ? (await import(join(folder, 'route.ts'))).route : undefined;
      const given = Object.keys(environmentOf(resource)).filter((name) => name.startsWith('AUTH_'));
      // The console sends people to the issuer to sign in.
      const needed =
        key === 'httpServePages' || (route && route.roles !== 'anyone')
          ? ['AUTH_AUDIENCE', 'AUTH_ISSUER', 'AUTH_JWKS_URL']
          : [];
      expect([key, given.sort()]).toEqual([key, needed]);
    }
  });

  test('is throttled and writes access logs in JSON', () => {
    const { DefaultRouteSettings, AccessLogSettings } = dev.template.Resources.HttpApiStage?.Properties ?? {};
    expect(DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 });
    expect(JSON.parse(AccessLogSettings.Format)).toMatchObject({ request_id: '$context.requestId' });
    expect(idIn(AccessLogSettings.DestinationArn)).toBe('HttpApiLogGroup');
  });
});

test('every log group has a retention, and every function has a log group', () => {
  const groups = ofType(prod.template, 'AWS::Logs::LogGroup').map(([, { Properties }]) => Properties);
  for (const { RetentionInDays } of groups) expect(RetentionInDays).toBe(30);
  for (const { Properties } of functionsOf(prod.template).values()) {
    expect(groups.map(({ LogGroupName }) => LogGroupName)).toContain(`/aws/lambda/${Properties.FunctionName}`);
  }
});

describe('queues', () => {
  test('each have a dead-letter queue with a longer retention', () => {
    const queues = ofType(prod.template, 'AWS::SQS::Queue');
    const dead = queues.flatMap(
      ([, { Properties }]) => idIn(Properties.RedrivePolicy?.deadLetterTargetArn ?? {}) || [],
    );
    const working = queues.filter(([id]) => !dead.includes(id));
    expect(new Set(dead).size).toBe(working.length);
    for (const [, { Properties }] of working) {
      const deadLetters = prod.template.Resources[idIn(Properties.RedrivePolicy.deadLetterTargetArn)]?.Properties;
      expect(deadLetters.MessageRetentionPeriod).toBeGreaterThan(Properties.MessageRetentionPeriod);
    }
    for (const [, { Properties }] of queues) expect(Properties.SqsManagedSseEnabled).toBe(true);
  });

  test("hide a message for six times the function's timeout, and the function reports single failures", () => {
    const triggers = ofType(prod.template, 'AWS::Lambda::EventSourceMapping');
    const queues = ofType(prod.template, 'AWS::SQS::Queue').filter(([, { Properties }]) => Properties.RedrivePolicy);
    expect(triggers.map(([, { Properties }]) => idIn(Properties.EventSourceArn)).sort()).toEqual(
      queues.map(([id]) => id).sort(),
    );
    for (const [, { Properties }] of triggers) {
      const queue = prod.template.Resources[idIn(Properties.EventSourceArn)]?.Properties;
      const lambda = prod.template.Resources[idIn(Properties.FunctionName)]?.Properties;
      expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(6 * lambda.Timeout);
      expect(Properties.ScalingConfig.MaximumConcurrency).toBe(lambda.ReservedConcurrentExecutions);
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    }
  });
});

describe('stores', () => {
  test('tables are paid per request, encrypted and restorable; in production they outlive the stack', () => {
    for (const [{ template }, kept] of [[dev, false] as const, [prod, true] as const]) {
      const tables = ofType(template, 'AWS::DynamoDB::Table');
      expect(tables.length).toBeGreaterThan(0);
      for (const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] of tables) {
        expect(Properties).toMatchObject({
          BillingMode: 'PAY_PER_REQUEST',
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { SSEEnabled: true },
          DeletionProtectionEnabled: kept,
        });
        expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(kept ? ['Retain', 'Retain'] : ['Delete', 'Delete']);
      }
    }
  });

  test('Redis is encrypted, stores nothing on disk and evicts keys; in production it survives the loss of a zone', () => {
    for (const [{ template }, zones] of [[dev, false] as const, [prod, true] as const]) {
      expect(template.Resources.Cache?.Properties).toMatchObject({
        TransitEncryptionEnabled: true,
        AtRestEncryptionEnabled: true,
        SnapshotRetentionLimit: 0,
        MultiAZEnabled: zones,
        AutomaticFailoverEnabled: zones,
        NumCacheClusters: zones ? 2 : 1,
      });
      expect(template.Resources.CacheParameters?.Properties.Properties).toEqual({ 'maxmemory-policy': 'allkeys-lru' });
    }
    expect([dev, prod].map(({ template }) => template.Parameters.NatGateways?.Default)).toEqual(['1', '2']);
  });

  test('the network and Redis exist only if no existing ones are given', () => {
    const network = Object.values(prod.template.Resources).filter(({ Type }) => Type.startsWith('AWS::EC2::'));
    for (const { Condition } of network)
      expect(Condition).toMatch(/^(CreatesNetwork|CreatesSecondNat|CreatesCache|InVpc)$/);
    for (const [, { Condition }] of ofType(prod.template, 'AWS::ElastiCache::ReplicationGroup')) {
      expect(Condition).toBe('CreatesCache');
    }
  });
});

describe('the operator decides', () => {
  test('the schedules', () => {
    const schedule = (template: Packaged['template'], key: string) => {
      const { Properties } = template.Resources[`${key}SchedulerSchedule1`] as Resource;
      return [Properties.ScheduleExpression, Properties.ScheduleExpressionTimezone, Properties.State];
    };
    expect(schedule(dev.template, 'SchedulePlanStale')).toEqual(['rate(15 minutes)', undefined, 'ENABLED']);
    expect(schedule(dev.template, 'SchedulePlanFull')).toEqual(['cron(0 3 * * ? *)', 'Europe/Moscow', 'ENABLED']);
    expect(schedule(prod.template, 'SchedulePlanStale')).toEqual(['rate(1 minute)', undefined, 'ENABLED']);
    expect(schedule(prod.template, 'SchedulePlanFull')).toEqual([
      'cron(0 23 * * ? *)',
      'Asia/Yekaterinburg',
      'ENABLED',
    ]);
  });

  test('the issuer of tokens, which is required for a deployment', () => {
    expect(dev.template.Parameters.AuthIssuer).not.toHaveProperty('Default');
    expect(dev.template.Parameters.AuthAudience).not.toHaveProperty('Default');
    expect(prod.template.Parameters).toMatchObject({
      AuthIssuer: { Default: 'https://issuer.example' },
      AuthAudience: { Default: 'chats' },
    });
  });
});

describe('alarms and dashboards', () => {
  interface Looked {
    readonly where: string;
    readonly namespace: string;
    readonly name: string;
    readonly dimensions: Readonly<Record<string, unknown>>;
  }

  function alarmMetrics([id, { Properties }]: [string, Resource]): Looked[] {
    const metrics = Properties.Metrics?.flatMap(
      (m: { MetricStat?: { Metric: unknown } }) => m.MetricStat?.Metric ?? [],
    );
    return (metrics ?? [Properties]).map(
      (metric: { Namespace: string; MetricName: string; Dimensions: readonly { Name: string; Value: unknown }[] }) => ({
        where: id,
        namespace: metric.Namespace,
        name: metric.MetricName,
        dimensions: Object.fromEntries(metric.Dimensions.map(({ Name, Value }) => [Name, Value])),
      }),
    );
  }

  function widgetMetrics([id, { Properties }]: [string, Resource]): Looked[] {
    const { widgets } = JSON.parse(Properties.DashboardBody['Fn::Sub']);
    return widgets.flatMap(({ properties }: { properties: { title: string; metrics: unknown[][] } }) =>
      properties.metrics
        .filter(([first]) => typeof first === 'string')
        .map(([namespace, name, ...rest]) => {
          const pairs = rest.slice(0, -1);
          return {
            where: `${id}: ${properties.title}`,
            namespace,
            name,
            dimensions: Object.fromEntries(
              pairs.flatMap((key, i) => (i % 2 === 0 ? [[String(key), pairs[i + 1]] as const] : [])),
            ),
          };
        }),
    );
  }

  const alarmsOf = ({ template }: Packaged) => ofType(template, 'AWS::CloudWatch::Alarm');
  const looked = (packaged: Packaged) => [
    ...alarmsOf(packaged).flatMap(alarmMetrics),
    ...ofType(packaged.template, 'AWS::CloudWatch::Dashboard').flatMap(widgetMetrics),
  ];

  test('use only emitted metrics, and the dashboards use all of them', async () => {
    const { metrics, kinds } = await emittedMetrics();
    for (const packaged of both()) {
      const own = looked(packaged).filter(({ namespace }) => namespace === 'ChatParticipants');
      for (const { where, name, dimensions } of own) {
        expect([where, [...metrics]]).toEqual([
          where,
          expect.arrayContaining([metricKey(name, Object.keys(dimensions))]),
        ]);
        expect(dimensions.service).toBe(packaged === dev ? 'chat-participants-dev' : 'chat-participants-prod');
        if ('kind' in dimensions) expect([...kinds]).toContain(dimensions.kind);
      }
      expect(new Set(own.map(({ name }) => name))).toEqual(new Set(Object.values(METRICS)));
    }
  });

  test('watch only existing functions, queues, tables and nodes', () => {
    for (const packaged of both()) {
      const { Resources } = packaged.template;
      const names = [...functionsOf(packaged.template).values()].map(({ Properties }) => Properties.FunctionName);
      const nodes = Array.from(
        { length: packaged === dev ? 1 : 2 },
        (_, i) => `chat-participants-${packaged === dev ? 'dev' : 'prod'}-00${i + 1}`,
      );
      for (const { where, dimensions } of looked(packaged)) {
        for (const [dimension, value] of Object.entries(dimensions)) {
          if (dimension === 'FunctionName') expect([where, names]).toEqual([where, expect.arrayContaining([value])]);
          else if (dimension === 'CacheClusterId')
            expect([where, nodes]).toEqual([where, expect.arrayContaining([value])]);
          else if (!['Operation', 'service', 'kind', 'type'].includes(dimension)) {
            const id = typeof value === 'string' ? /\$\{(\w+)/.exec(value)?.[1] : idIn(value);
            expect([where, dimension, Object.keys(Resources)]).toEqual([
              where,
              dimension,
              expect.arrayContaining([id]),
            ]);
          }
        }
      }
    }
  });

  test('include the two required alarms with their thresholds', () => {
    const { LowParticipantsCacheHitRate: hits, HighParticipantsAPIErrors: errors } = prod.template.Resources;
    const [rate, stat] = hits?.Properties.Metrics ?? [];
    expect(rate.Expression).toBe('hits / lookups');
    expect(stat.MetricStat.Period * hits?.Properties.EvaluationPeriods).toBe(300);
    expect(hits?.Properties).toMatchObject({ Threshold: 0.8, ComparisonOperator: 'LessThanThreshold' });
    expect(errors?.Properties).toMatchObject({ Threshold: 0.05, ComparisonOperator: 'GreaterThanThreshold' });
    expect(errors?.Properties.Metrics[1].MetricStat).toMatchObject({ Period: 300, Stat: 'Sum' });
  });

  test('each alarm notifies a topic and has a runbook, and each runbook an alarm', () => {
    const headings = globSync('docs/runbooks/*.md', { cwd: ROOT }).flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^## (\w+)$/gm)].map(
        ([, name]) => `${file}#${name?.toLowerCase()}`,
      ),
    );
    const links = alarmsOf(prod).map(([id, { Properties }]) => {
      expect([id, Properties.AlarmActions]).toEqual([
        id,
        [{ Ref: expect.stringMatching(/^(Warning|Critical)Topic$/) }],
      ]);
      return /docs\/runbooks\/\S+$/.exec(Properties.AlarmDescription)?.[0];
    });
    expect([...new Set(links)].sort()).toEqual(headings.sort());
  });

  test('each function, queue and table is watched', () => {
    const ids = alarmsOf(prod).map(([id]) => id);
    for (const key of functionsOf(prod.template).keys()) {
      const of = key.charAt(0).toUpperCase() + key.slice(1);
      expect(ids).toEqual(
        expect.arrayContaining([`FunctionErrors${of}`, `FunctionThrottled${of}`, `FunctionNearTimeout${of}`]),
      );
    }
    for (const [id, { Properties }] of ofType(prod.template, 'AWS::SQS::Queue')) {
      if (Properties.RedrivePolicy)
        expect(ids).toEqual(expect.arrayContaining([`DeadLetters${id}`, `OldestMessage${id}`]));
    }
    for (const [id] of ofType(prod.template, 'AWS::DynamoDB::Table')) expect(ids).toContain(`DynamoDbThrottled${id}`);
  });
});
