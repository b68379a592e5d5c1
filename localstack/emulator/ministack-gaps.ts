import { z } from 'zod';

/** Where MiniStack 1.5.33 is not AWS: the least that must change in a package for it, and in nothing that is deployed elsewhere. */

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

/** @returns what was changed, for people. */
export function adaptToMiniStack(resources: Record<string, unknown>): string[] {
  let alarms = 0;
  for (const [id, resource] of Object.entries(resources)) {
    // It refuses a stack with one.
    if (alarm.safeParse(resource).success) {
      delete resources[id];
      alarms += 1;
    }
    // It takes SendMessageBatch for a right of its own; AWS knows only SendMessage.
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
