import type { APIGatewayRequestAuthorizerEventV2, APIGatewaySimpleAuthorizerWithContextResult } from 'aws-lambda';
import { createTokenVerifier } from '../../lib/http/token.ts';
import { config } from '../../lib/runtime/environment.ts';
import { instrumented } from '../../lib/runtime/observability.ts';

let verify: ReturnType<typeof createTokenVerifier> | undefined;

/**
 * Says who is asking; what they may do is decided by each function's stack, which refuses whoever has no known role.
 * A bad token is passed on as `refused` rather than denied here, because an HTTP API answers a denial with a 403 of its
 * own, where clients are promised a 401 as problem+json.
 */
export const handler = instrumented(
  async (
    event: APIGatewayRequestAuthorizerEventV2,
  ): Promise<APIGatewaySimpleAuthorizerWithContextResult<Record<string, string | number>>> => {
    verify ??= createTokenVerifier(config.auth);
    const verdict = await verify(event.headers?.authorization);
    return {
      isAuthorized: true,
      context: verdict.kind === 'accepted' ? verdict.principal : { refused: verdict.reason },
    };
  },
);
