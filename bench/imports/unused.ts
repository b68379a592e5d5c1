import type { Bundle, FunctionSource } from '../support/bundles.ts';

/** What a function is configured for says what it may load: packages by the variable without which they are dead weight. */
const NEEDED_FOR: readonly (readonly [pattern: RegExp, needs: (variables: readonly string[]) => boolean])[] = [
  [/^ioredis$/, (variables) => variables.includes('REDIS_URL')],
  [/^@aws-sdk\/client-dynamodb$/, (variables) => variables.some((name) => name.endsWith('_TABLE'))],
  [/^@aws-sdk\/client-sqs$/, (variables) => variables.some((name) => name.endsWith('_QUEUE_URL'))],
  [/^aws-jwt-verify$/, (variables) => variables.includes('AUTH_ISSUER')],
  // These are loaded on demand only.
  [/^(@aws-sdk\/client-ssm|@aws-lambda-powertools\/tracer|aws-xray-sdk-core)$/, () => false],
];

/** Packages that are parsed at the start of a function without being of use to it. */
export const unusedIn = ({ eager, variables }: Bundle & FunctionSource): string[] =>
  [...eager.keys()].filter((name) => NEEDED_FOR.some(([pattern, needs]) => pattern.test(name) && !needs(variables)));
