import type { Bundle, FunctionSource } from '../support/bundles.ts';

/** The environment variables for which a function needs a package. Without them the package is unused. */
const NEEDED_FOR: readonly (readonly [pattern: RegExp, needs: (variables: readonly string[]) => boolean])[] = [
  [/^ioredis$/, (variables) => variables.includes('REDIS_URL')],
  [/^@aws-sdk\/client-dynamodb$/, (variables) => variables.some((name) => name.endsWith('_TABLE'))],
  [/^@aws-sdk\/client-sqs$/, (variables) => variables.some((name) => name.endsWith('_QUEUE_URL'))],
  [/^aws-jwt-verify$/, (variables) => variables.includes('AUTH_ISSUER')],
  // Functions load these only on demand.
  [/^(@aws-sdk\/client-ssm|@aws-lambda-powertools\/tracer|aws-xray-sdk-core)$/, () => false],
];

/** Returns the packages that a function parses at its start but does not use. */
export const unusedIn = ({ eager, variables }: Bundle & FunctionSource): string[] =>
  [...eager.keys()].filter((name) => NEEDED_FOR.some(([pattern, needs]) => pattern.test(name) && !needs(variables)));
