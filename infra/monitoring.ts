import { readConfig } from '../lib/runtime/config.ts';
import { alarms } from './alarms.ts';
import { dashboards } from './dashboards.ts';
import type { Watched } from './watched.ts';

interface Declared {
  readonly service: string;
  readonly stage: string;
  readonly cacheNodes: number;
  /** The default timeout of functions. */
  readonly timeoutS: number;
  readonly functions: Readonly<Record<string, DeclaredFunction>>;
  readonly env: NodeJS.ProcessEnv;
}

interface DeclaredFunction {
  readonly timeout?: number;
  readonly events?: readonly {
    readonly sqs?: { readonly arn: { readonly 'Fn::GetAtt': readonly [string, string] } };
  }[];
}

/** Returns alarms and dashboards for the declared functions, queues and triggers. New ones are included automatically. */
export function monitoring({ service, stage, cacheNodes, timeoutS, functions, env }: Declared) {
  const { sync, switches, quota } = readConfig(env, ['sync', 'switches', 'quota']);
  const prefix = `${service}-${stage}`;
  const watched: Watched = {
    prefix,
    functions: Object.entries(functions).map(([key, { timeout }]) => ({
      key,
      name: `${prefix}-${key}`,
      timeoutMs: (timeout ?? timeoutS) * 1_000,
    })),
    queues: Object.values(functions).flatMap(({ events = [] }) =>
      events.flatMap(({ sqs }) => (sqs ? [sqs.arn['Fn::GetAtt'][0]] : [])),
    ),
    cacheNodes: Array.from({ length: cacheNodes }, (_, i) => `${prefix}-${String(i + 1).padStart(3, '0')}`),
    rps: quota.MAX_API_RPS,
    syncIntervalS:
      switches.PARTICIPANTS_ENABLE_BACKGROUND_SYNC && !switches.PARTICIPANTS_INTEGRATION_DISABLED
        ? sync.PARTICIPANTS_UPDATE_INTERVAL / 1_000
        : undefined,
  };
  return { ...alarms(watched), ...dashboards(watched) };
}
