import type { Declared, DeclaredFunction } from './declared.ts';
import { type Placed, resolveExpression } from './expressions.ts';
import type { Endpoint } from './resources.ts';

/** The environment variables of a function: the declared ones, with the addresses of the local stack. */
export type Variables = Readonly<Record<string, string>>;

/** Returns the address and the credentials for DynamoDB or SQS. Embedded servers never get real credentials. */
export function awsEndpoint(endpoint: string, given: boolean, region: string, env: NodeJS.ProcessEnv): Endpoint {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const own = given && accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return { endpoint, region, credentials: own ?? { accessKeyId: 'local', secretAccessKey: 'local' } };
}

/** Returns the declared environment of a function, without variables that need AWS. Local values override declared ones. */
export function functionVariables(
  { name, memoryMb, handler, environment }: DeclaredFunction,
  placed: Placed,
  local: Variables,
): Variables {
  const declared = Object.entries(environment).flatMap(([variable, value]) => {
    const resolved = resolveExpression(value, placed);
    return resolved === undefined ? [] : [[variable, resolved] as const];
  });
  return {
    ...Object.fromEntries(declared),
    ...local,
    _HANDLER: handler,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    // The local stack has no X-Ray.
    POWERTOOLS_TRACE_ENABLED: 'false',
    TZ: ':UTC',
  };
}

/** Returns the variables that are equal in all functions, for tools that use the same stack. */
export function sharedVariables(declared: Declared, placed: Placed, local: Variables): Variables {
  const environments = declared.functions.map(({ environment }) => environment);
  const values = new Map<string, Set<string | undefined>>();
  for (const [name, value] of environments.flatMap((environment) => Object.entries(environment))) {
    values.set(name, (values.get(name) ?? new Set()).add(resolveExpression(value, placed)));
  }
  const shared = [...values].flatMap(([name, found]) => {
    const [value] = found;
    return found.size === 1 && value !== undefined ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(shared), ...local };
}
