import type { Tracer } from '@aws-lambda-powertools/tracer';
import type { MiddlewareObj } from '@middy/core';
import { config } from './environment.ts';

/** X-Ray, loaded only where tracing is on: it is the dearest import of a function that doesn't use it. */

let tracer: Tracer | undefined;

/** Records the calls of an AWS SDK client, once tracing has begun. */
export const traced = <C>(client: C): C => tracer?.captureAWSv3Client(client) ?? client;

export function tracing(): MiddlewareObj {
  let middleware: MiddlewareObj | undefined;
  return {
    async before(request) {
      if (!config.tracing.POWERTOOLS_TRACE_ENABLED) return;
      if (!middleware) {
        const [{ Tracer }, { captureLambdaHandler }] = await Promise.all([
          import('@aws-lambda-powertools/tracer'),
          import('@aws-lambda-powertools/tracer/middleware'),
        ]);
        tracer = new Tracer();
        middleware = captureLambdaHandler(tracer, { captureResponse: false });
      }
      await middleware.before?.(request);
    },
    async after(request) {
      await middleware?.after?.(request);
    },
    async onError(request) {
      await middleware?.onError?.(request);
    },
  };
}
