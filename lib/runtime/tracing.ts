import type { Tracer } from '@aws-lambda-powertools/tracer';
import type { MiddlewareObj } from '@middy/core';
import { config } from './environment.ts';

/** X-Ray tracing. It is loaded only if tracing is on, because its import takes longer than any other import. */

let tracer: Tracer | undefined;

/** Traces the calls of an AWS SDK client, if tracing is on. */
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
