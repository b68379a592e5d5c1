import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Limits, limitedClient } from '../../base/limits.ts';

/** Short limits: if SSM hangs, the first request of an environment fails or continues without the secret. */
const LIMITS: Limits = { connectMs: 1_000, answerMs: 2_000, attempts: 2, callMs: 5_000 };

export const createSsm = (): SSMClient => limitedClient(LIMITS, (limits) => new SSMClient(limits));

/**
 * Fetches a decrypted SecureString. Round trips: 1 GetParameter.
 * @throws SSM's error, or an error for an empty parameter.
 */
export async function fetchParameter(client: SSMClient, name: string): Promise<string> {
  const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  if (!Parameter?.Value) throw new Error(`the SSM parameter ${name} is empty`);
  return Parameter.Value;
}
