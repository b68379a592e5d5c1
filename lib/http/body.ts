import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { Problem } from './problem.ts';

const MAX_BODY_BYTES = 256 * 1024;
const JSON_TYPE = /^application\/([\w.+-]+\+)?json(\s*;|$)/i;

/**
 * Parses a JSON body. API Gateway passes it as text or in base64.
 * @throws {Problem} 413 over 256 KB, 415 for another content type, 400 if it is not JSON.
 */
export function readBody(event: APIGatewayProxyEventV2): unknown {
  const text = bodyText(event);
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) {
    throw new Problem('body_too_large', { detail: `A body may have at most ${MAX_BODY_BYTES} bytes.` });
  }
  if (!JSON_TYPE.test(event.headers['content-type'] ?? '')) {
    throw new Problem('unsupported_media_type', { detail: 'Send content-type: application/json.' });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('invalid_request', {
      detail: 'The body is not JSON.',
      errors: [{ field: 'body', message: 'must be a JSON object' }],
    });
  }
}

/** Returns the body as text, without checking its type and size. */
export const bodyText = ({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): string =>
  isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
