import type { IncomingMessage } from 'node:http';
import type { Match } from './routes.ts';

/** The event of an HTTP API, payload format 2.0, with the fields that handlers can use. */
export interface HttpApiEvent {
  readonly version: '2.0';
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly requestContext: RequestContext;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

interface RequestContext {
  readonly accountId: string;
  readonly apiId: string;
  readonly domainName: string;
  readonly domainPrefix: string;
  readonly http: {
    readonly method: string;
    readonly path: string;
    readonly protocol: string;
    readonly sourceIp: string;
    readonly userAgent: string;
  };
  readonly requestId: string;
  readonly routeKey: string;
  readonly stage: '$default';
  /** `12/Mar/2020:19:03:58 +0000` */
  readonly time: string;
  readonly timeEpoch: number;
}

const TEXT = /^(text\/|application\/([\w.+-]+\+)?(json|xml|javascript)\b|application\/x-www-form-urlencoded)/i;

/** Creates the event of a request. @throws {URIError} for a malformed percent-encoding. */
export function httpApiEvent(
  request: IncomingMessage,
  body: Buffer,
  { target, pathParameters }: Match,
  requestId: string,
  now: Date,
): HttpApiEvent {
  const { path, query } = splitUrl(request.url ?? '/');
  const { cookie, ...headers } = joinedHeaders(request);
  const parameters = queryParameters(query);
  const isText = TEXT.test(headers['content-type'] ?? '') || headers['content-type'] === undefined;
  const domainName = headers.host?.replace(/:\d+$/, '') ?? 'localhost';
  return {
    version: '2.0',
    routeKey: target.routeKey,
    rawPath: path,
    rawQueryString: query,
    ...(cookie !== undefined && { cookies: cookie.split(/;\s*/) }),
    headers,
    ...(parameters && { queryStringParameters: parameters }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: target.routeKey,
      stage: '$default',
      time: accessLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

export function splitUrl(url: string): { path: string; query: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
}

/** Returns the headers: names in lower case, values of the same name joined by commas, cookies by semicolons. */
function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const headers = Object.entries(request.headersDistinct);
  return Object.fromEntries(headers.map(([name, values = []]) => [name, values.join(name === 'cookie' ? '; ' : ',')]));
}

/** Returns the decoded parameters. Values of the same name are joined by commas. */
function queryParameters(query: string): Record<string, string> | undefined {
  if (query === '') return undefined;
  const parameters: Record<string, string> = Object.create(null);
  for (const pair of query.split('&').filter(Boolean)) {
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decode(pair.slice(at + 1));
    parameters[name] = name in parameters ? `${parameters[name]},${value}` : value;
  }
  return { ...parameters };
}

const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

function accessLogTime(time: Date): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(time.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${clock} +0000`;
}
