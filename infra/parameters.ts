import { readConfig } from '../lib/runtime/config.ts';

/** The parameters of the stack, by the environment variables that set them. */
const PARAMETERS = {
  AUTH_ISSUER: 'AuthIssuer',
  AUTH_AUDIENCE: 'AuthAudience',
  AUTH_JWKS_URL: 'AuthJwksUrl',
  VPC_ID: 'VpcId',
  SUBNET_A: 'SubnetA',
  SUBNET_B: 'SubnetB',
  NAT_GATEWAYS: 'NatGateways',
  REDIS_URL: 'RedisUrl',
  REDIS_NODE_TYPE: 'RedisNodeType',
  WARNING_EMAIL: 'WarningEmail',
  CRITICAL_EMAIL: 'CriticalEmail',
} as const;

/**
 * Returns the defaults of parameters from the environment variables. (The packager can't pass values: at the first deployment it
 * creates the stack from a template without parameters.)
 * @throws {ConfigError} with all invalid variables.
 */
export function readParameters(env: NodeJS.ProcessEnv): Record<string, { readonly Default: string }> {
  if (env.AUTH_ISSUER || env.AUTH_AUDIENCE) readConfig(env, ['auth']);
  return Object.fromEntries(
    Object.entries(PARAMETERS).flatMap(([variable, parameter]) => {
      const value = env[variable];
      return value ? [[parameter, { Default: value }]] : [];
    }),
  );
}
