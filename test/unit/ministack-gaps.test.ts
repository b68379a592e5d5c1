import { expect, test } from 'vitest';
import { adaptToMiniStack } from '../../localstack/emulator/ministack-gaps.ts';

const roleWith = (Action: string | string[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    Policies: [{ PolicyName: 'p', PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource: '*' }] } }],
  },
});

test('only alarms with metric math and the permission to send batches are changed for MiniStack', () => {
  const kept = { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'Errors' } };
  const table = { Type: 'AWS::DynamoDB::Table', Condition: 'Any', Properties: { TableName: 't' } };
  const resources: Record<string, unknown> = {
    Kept: kept,
    Math: { Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [{ Id: 'm' }] } },
    Table: table,
    Reader: roleWith('sqs:GetQueueAttributes'),
    Sender: roleWith('sqs:SendMessage'),
    Both: roleWith(['sqs:SendMessage', 'sqs:GetQueueAttributes']),
  };
  expect(adaptToMiniStack(resources)[0]).toMatch(/^1 alarms/);
  expect(resources).toEqual({
    Kept: kept,
    Table: table,
    Reader: roleWith('sqs:GetQueueAttributes'),
    Sender: roleWith(['sqs:SendMessage', 'sqs:SendMessageBatch']),
    Both: roleWith(['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:SendMessageBatch']),
  });
});
