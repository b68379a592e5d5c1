import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

/** SSM answers in about 10 ms. A first request fails, or continues without the secret, instead of waiting for a hung SSM. */
const TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

export const createSsm = (): SSMClient => new SSMClient({ maxAttempts: 2, requestHandler: TIMEOUTS });

/**
 * Fetches a decrypted SecureString. Round trips: 1 GetParameter.
 * @throws SSM's error, or an error for an empty parameter.
 */
export async function fetchParameter(client: SSMClient, name: string): Promise<string> {
  const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  if (!Parameter?.Value) throw new Error(`the SSM parameter ${name} is empty`);
  return Parameter.Value;
}
