import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { contentSecurityPolicy, fileAnswer, type Page, pageAnswer } from '../../lib/http/page.ts';
import { Problem, problemAnswer } from '../../lib/http/problem.ts';
import { instrumented } from '../../lib/runtime/observability.ts';
import { consoleEnabled, consoleSignIn } from '../../lib/runtime/root.ts';
import consolePage from '../../web/built/console.json' with { type: 'json' };

/** A page and its content security policy. */
interface Served {
  readonly page: Page;
  readonly html: string;
  readonly csp: string;
}

/** Serves `/console` and `/docs` with their files, from its own bundle only. */
export const handler = instrumented(async (event: APIGatewayProxyEventV2) => {
  const served = await pageOf(event.routeKey);
  const name = event.pathParameters?.file;
  const answer =
    served && (name === undefined ? pageAnswer(served.html, served.csp, event) : fileAnswer(served.page, name, event));
  return (
    answer ??
    problemAnswer(
      new Problem('not_found', { detail: `There is nothing at ${event.rawPath}.` }),
      event.requestContext.requestId,
    )
  );
});

async function pageOf(routeKey: string): Promise<Served | undefined> {
  if (routeKey.startsWith('GET /docs')) {
    // Loaded only on demand, because it is large.
    const { default: page } = await import('../../web/built/docs.json', { with: { type: 'json' } });
    // The style sheet of Swagger UI contains icons in `data:` URLs.
    return { page, html: page.html, csp: contentSecurityPolicy({ images: ['data:'] }) };
  }
  if (!consoleEnabled()) return undefined;
  const signIn = consoleSignIn();
  const oidc = signIn ? encodeURIComponent(JSON.stringify(signIn)) : '';
  const connect = signIn ? [new URL(signIn.issuer).origin] : [];
  return {
    page: consolePage,
    html: consolePage.html.replace('{{oidc}}', oidc),
    csp: contentSecurityPolicy({ connect }),
  };
}
