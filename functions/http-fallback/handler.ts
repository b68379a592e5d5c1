import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { Problem, problemAnswer } from '../../lib/http/problem.ts';
import { instrumented } from '../../lib/runtime/observability.ts';
import { ROUTES } from '../http-describe-api/routes.ts';
import { PAGE_PATHS } from '../http-serve-pages/paths.ts';

const PAGES = PAGE_PATHS.map((path) => ({ method: 'GET', path }));

/** Handles requests without a route: 405 with `Allow` if the path has other methods, otherwise 404. */
export const handler = instrumented(async (event: APIGatewayProxyEventV2) => {
  const { requestId, http } = event.requestContext;
  const methods = methodsOf(event.rawPath);
  const problem =
    methods.length === 0
      ? new Problem('not_found', { detail: `There is nothing at ${event.rawPath}.` })
      : new Problem('method_not_allowed', {
          detail: `${http.method} is not possible here; allowed: ${methods.join(', ')}.`,
          headers: { allow: methods.join(', ') },
        });
  return problemAnswer(problem, requestId);
});

/** Returns the methods of the best matching path, like API Gateway: `/chats/all` is not a chat with the id `all`. */
function methodsOf(path: string): string[] {
  const matching = [...ROUTES, ...PAGES].filter((route) => matches(route.path, path));
  const best = matching.find((route) => route.path === path) ?? matching[0];
  return matching.filter((route) => route.path === best?.path).map((route) => route.method);
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  const fits = (part: string, i: number) => (part.startsWith('{') ? given[i] !== '' : part === given[i]);
  return wanted.length === given.length && wanted.every(fits);
}
