import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { Problem, problemAnswer } from '../../lib/http/problem.ts';
import { instrumented } from '../../lib/runtime/observability.ts';
import { ROUTES } from '../http-describe-api/routes.ts';

/** What no route takes: 405 with `Allow` where the path is known with other methods, otherwise 404. */
export const handler = instrumented(async (event: APIGatewayProxyEventV2) => {
  const { requestId, http } = event.requestContext;
  const methods = ROUTES.filter((route) => matches(route.path, event.rawPath)).map((route) => route.method);
  const problem =
    methods.length === 0
      ? new Problem('not_found', { detail: `There is nothing at ${event.rawPath}.` })
      : new Problem('method_not_allowed', {
          detail: `${http.method} is not possible here; allowed: ${methods.join(', ')}.`,
          headers: { allow: methods.join(', ') },
        });
  return problemAnswer(problem, requestId);
});

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i]);
}
