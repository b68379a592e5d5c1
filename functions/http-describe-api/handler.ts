import { openApiDocument } from '../../lib/http/openapi.ts';
import { openHttpFunction } from '../../lib/http/stack.ts';
import { route } from './route.ts';
import { ROUTES } from './routes.ts';

let document: Record<string, unknown> | undefined;

export const handler = openHttpFunction(route, async () => {
  document ??= openApiDocument(ROUTES);
  return { status: 200, body: document };
});
