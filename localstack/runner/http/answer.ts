import type { ServerResponse } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

/** What API Gateway answers itself. */
export function gatewayAnswer(status: number, message: string): HttpAnswer {
  return json(status, JSON.stringify({ message }));
}

const json = (status: number, text: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  cookies: [],
  body: Buffer.from(text),
});

/**
 * The answer a function's value stands for: as it says where it has a `statusCode`, else 200 with the value as JSON.
 * @returns `undefined` where API Gateway would refuse it as malformed.
 */
export function answerOf(value: unknown): HttpAnswer | undefined {
  if (typeof value !== 'object' || value === null || !('statusCode' in value)) {
    return json(200, typeof value === 'string' ? value : JSON.stringify(value));
  }
  const {
    statusCode,
    headers = {},
    cookies = [],
    body = '',
    isBase64Encoded = false,
  } = value as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (typeof headers !== 'object' || headers === null || !Array.isArray(cookies)) return undefined;
  if (typeof body !== 'string' && typeof body !== 'object') return undefined;
  const given = Object.entries(headers).map(([name, header]) => [name.toLowerCase(), String(header)] as const);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...Object.fromEntries(given) },
    cookies: cookies.map(String),
    body: Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

/** Sends it; a HEAD or 204 without its body. */
export function send(response: ServerResponse, method: string, answer: HttpAnswer, requestId: string): void {
  const { status, headers, cookies, body } = answer;
  const bodiless = status === 204 || status === 304;
  try {
    for (const [name, value] of Object.entries(headers)) {
      if (!(bodiless && name === 'content-type') && name !== 'content-length') response.setHeader(name, value);
    }
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  } catch {
    // A header no server can send: malformed, as on API Gateway.
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    send(response, method, gatewayAnswer(500, 'Internal Server Error'), requestId);
    return;
  }
  response.setHeader('apigw-requestid', requestId);
  response.statusCode = status;
  if (!bodiless) response.setHeader('content-length', body.length);
  response.end(bodiless || method === 'HEAD' ? undefined : body);
}
