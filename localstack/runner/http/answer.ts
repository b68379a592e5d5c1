import type { ServerResponse } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

/** Returns a response that API Gateway creates itself. */
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
 * Converts the value of a function into a response. A value without `statusCode` becomes a 200 with the value as JSON.
 * @returns `undefined` if API Gateway would refuse the value as malformed.
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

/** Sends a response; without its body for a HEAD, 204 or 304. */
export function send(response: ServerResponse, method: string, answer: HttpAnswer, requestId: string): void {
  const { status, headers, cookies, body } = answer;
  const bodiless = status === 204 || status === 304;
  try {
    for (const [name, value] of Object.entries(headers)) {
      if (!(bodiless && name === 'content-type') && name !== 'content-length') response.setHeader(name, value);
    }
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  } catch {
    // The header is not valid. API Gateway also responds with a 500.
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    send(response, method, gatewayAnswer(500, 'Internal Server Error'), requestId);
    return;
  }
  response.setHeader('apigw-requestid', requestId);
  response.statusCode = status;
  if (!bodiless) response.setHeader('content-length', body.length);
  response.end(bodiless || method === 'HEAD' ? undefined : body);
}
