/** The naive bundle with the two other clients of the listing function. */
import { SQS } from '@aws-sdk/client-sqs';
import { SSM } from '@aws-sdk/client-ssm';
import { handler as listing } from './naive.ts';

export const clients = [new SQS({ region: 'eu-central-1' }), new SSM({ region: 'eu-central-1' })];
export const handler = listing;
