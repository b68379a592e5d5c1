import { z } from 'zod';

/**
 * Differences between MiniStack 1.5.33 and AWS: the changes that a package needs for MiniStack. Other deployments don't get them.
 */

export const isMiniStack = async (endpoint: string): Promise<boolean> =>
  (await fetch(new URL('/_ministack/health', endpoint))).ok;

const alarm = z.looseObject({
  Type: z.literal('AWS::CloudWatch::Alarm'),
  Properties: z.looseObject({ Metrics: z.array(z.unknown()) }),
});
const role = z.looseObject({
  Type: z.literal('AWS::IAM::Role'),
  Properties: z.looseObject({
    Policies: z.array(z.looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(z.unknown()) }) })),
  }),
});
const sending = z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) });

/** Changes the resources for MiniStack. @returns a description of each change. */
export function adaptToMiniStack(resources: Record<string, unknown>): string[] {
  let alarms = 0;
  for (const [id, resource] of Object.entries(resources)) {
    // MiniStack refuses a stack that contains an alarm with metric math.
    if (alarm.safeParse(resource).success) {
      delete resources[id];
      alarms += 1;
    }
    // MiniStack has a separate permission for SendMessageBatch. On AWS, SendMessage covers it.
    const parsed = role.safeParse(resource);
    if (!parsed.success) continue;
    for (const { PolicyDocument } of parsed.data.Properties.Policies) {
      PolicyDocument.Statement = PolicyDocument.Statement.map((statement) => {
        const { success, data } = sending.safeParse(statement);
        if (!success || ![data.Action].flat().includes('sqs:SendMessage')) return statement;
        return { ...data, Action: [data.Action, 'sqs:SendMessageBatch'].flat() };
      });
    }
    resources[id] = parsed.data;
  }
  return [`${alarms} alarms with metric math are left out`, 'who may sqs:SendMessage may also sqs:SendMessageBatch'];
}
