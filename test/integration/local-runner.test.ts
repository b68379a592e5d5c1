import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { parseDeclared } from '../../localstack/runner/declared.ts';
import { startHttpApi } from '../../localstack/runner/http/http-api.ts';
import { environmentFile, type LocalStack, startLocalStack } from '../../localstack/stack.ts';
import { document } from '../support/fixtures/local-stack/document.ts';

const rootDir = join(import.meta.dirname, '../support/fixtures/local-stack');
let dataDir: string;
let stack: LocalStack;

const options = () => ({
  dataDir,
  port: 0,
  declared: parseDeclared(document),
  rootDir,
  env: { MAX_API_URL: 'http://127.0.0.1:9', REDIS_URL: inject('redisUrl') },
});

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  dataDir = await mkdtemp(join(tmpdir(), 'local-stack-'));
  stack = await startLocalStack(options());
});

afterAll(async () => {
  await stack?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const get = (path: string, init: RequestInit = {}) => fetch(stack.url + path, init);
// biome-ignore lint/suspicious/noExplicitAny: the fixture may return anything
const json = async (answer: Response | Promise<Response>): Promise<any> => (await answer).json();

/** Sends the request target unchanged; `fetch` would normalize it. */
const raw = (target: string, headers: Record<string, string | string[]> = {}) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(stack.url);
    request({ hostname, port, path: target, headers }, (response) => {
      let body = '';
      response
        .on('data', (chunk) => (body += chunk))
        .on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });

describe('invocations', () => {
  test('an environment has the declared and the local variables, and none of this process', async () => {
    process.env.LEAKED = 'yes';
    const { env, timeZoneOffset } = await json(get('/things/all'));
    expect(env).toMatchObject({
      GREETING: 'hello from echo',
      THINGS_TABLE: 'fixture-things',
      WORK_QUEUE_URL: `${env.AWS_ENDPOINT_URL_SQS}/000000000000/fixture-work`,
      WORK_QUEUE_ARN: 'arn:aws:sqs:eu-central-1:000000000000:fixture-work',
      TABLE_IN: 'fixture-things in eu-central-1',
      AWS_LAMBDA_FUNCTION_NAME: 'fixture-dev-echo',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      REDIS_URL: inject('redisUrl'),
      TZ: ':UTC',
    });
    for (const absent of ['LEAKED', 'PATH', 'CLUSTER', '_X_AMZN_TRACE_ID', 'MAX_API_TOKEN']) {
      expect(env).not.toHaveProperty(absent);
    }
    expect(timeZoneOffset).toBe(new Date(0).getTimezoneOffset());
  });

  test('the context is like that of Lambda', async () => {
    const { context } = await json(get('/things/all'));
    expect(context).toMatchObject({
      functionName: 'fixture-dev-echo',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:fixture-dev-echo',
    });
    expect(context.awsRequestId).toMatch(/^[\da-f-]{36}$/);
    expect(context.remainingMs).toBeGreaterThan(500);
    expect(context.remainingMs).toBeLessThanOrEqual(1_000);
  });

  test('environments are reused, and never exceed the reserved concurrency', async () => {
    const count = async (sleepMs: number) => {
      const invocation = await stack.invoke('count', { sleepMs });
      return (invocation.outcome === 'value' ? invocation.value : invocation) as { environment: string; nth: number };
    };
    const first = await count(0);
    expect(await count(0)).toEqual({ ...first, nth: 2 });
    const six = await Promise.all([1, 2, 3, 4, 5, 6].map(() => count(150)));
    expect(new Set(six.map(({ environment }) => environment)).size).toBe(2);
    expect(new Set(six.map(({ environment, nth }) => `${environment} ${nth}`)).size).toBe(6);
  });

  test('a thrown error is an invocation error, and the environment continues', async () => {
    expect(await stack.invoke('fail', {})).toMatchObject({
      outcome: 'error',
      errorType: 'TypeError',
      errorMessage: 'it broke',
    });
  });

  test.each(['hang', 'spin'])('%s: the timeout ends it, and the next event gets a new one', async (key) => {
    const since = performance.now();
    const expected = { outcome: 'timeout', errorMessage: 'Task timed out after 1.00 seconds' };
    expect(await stack.invoke(key, {})).toMatchObject(expected);
    expect(performance.now() - since).toBeGreaterThanOrEqual(990);
    expect(await stack.invoke(key, {})).toMatchObject(expected);
  });

  test('a crash is an error of that event only', async () => {
    const exited = {
      outcome: 'error',
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('status 3'),
    };
    expect(await stack.invoke('exit', {})).toMatchObject(exited);
    expect(await stack.invoke('exit', {})).toMatchObject(exited);
    expect(await stack.invoke('crash', {})).toMatchObject({ outcome: 'error', errorMessage: 'far away' });
  });

  test('output goes to one file per function, and errors also to the terminal', async () => {
    await stack.invoke('fail', {});
    await expect.poll(() => readFileSync(join(dataDir, 'logs/fail.log'), 'utf8')).toContain('about to fail');
    expect(readFileSync(join(dataDir, 'logs/fail.log'), 'utf8')).toContain('TypeError: it broke\n    at');
    expect(console.error).toHaveBeenCalledWith('fail: about to fail');
    expect(console.error).toHaveBeenCalledWith('fail: TypeError: it broke');
  });

  test('a schedule invokes its function with its input', async () => {
    expect(await stack.runSchedule('scheduled')).toMatchObject({ outcome: 'value', value: { nth: 1 } });
    await expect(stack.runSchedule('echo')).rejects.toThrow('no schedule');
  });
});

describe('the HTTP API', () => {
  test('an event has payload format 2.0', async () => {
    const headers = { 'x-twice': ['a', 'b'], cookie: 'c=1; d=2', 'user-agent': 'test' };
    const { event } = JSON.parse((await raw('/things/a%2Fb%20c?q=x+y&q=%D1%91&empty', headers)).body);
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /things/{id}',
      rawPath: '/things/a%2Fb%20c',
      rawQueryString: 'q=x+y&q=%D1%91&empty',
      queryStringParameters: { q: 'x y,ё', empty: '' },
      pathParameters: { id: 'a/b c' },
      cookies: ['c=1', 'd=2'],
      isBase64Encoded: false,
      requestContext: {
        stage: '$default',
        routeKey: 'GET /things/{id}',
        http: {
          method: 'GET',
          path: '/things/a%2Fb%20c',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        time: expect.stringMatching(/^\d{2}\/\w{3}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        timeEpoch: expect.any(Number),
      },
    });
    expect(event.headers).toMatchObject({ 'x-twice': 'a,b', 'user-agent': 'test' });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event).not.toHaveProperty('body');
    expect(event.requestContext).not.toHaveProperty('authorizer');
  });

  test('an exact path precedes a parameter, and all other requests go to the default route', async () => {
    expect((await json(get('/things/all'))).event.routeKey).toBe('GET /things/all');
    expect(await json(get('/nothing'))).toEqual({ hello: 'world' });
    expect(await (await get('/things/all', { method: 'DELETE' })).json()).toEqual({ hello: 'world' });
  });

  test('text bodies arrive as text, others in base64', async () => {
    const post = async (type: string, body: string | Uint8Array<ArrayBuffer>) =>
      (await json(get('/things', { method: 'POST', headers: { 'content-type': type }, body }))).event;
    expect(await post('application/json', '{"ё":1}')).toMatchObject({ body: '{"ё":1}', isBase64Encoded: false });
    expect(await post('image/png', new Uint8Array([0, 255]))).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });

  test('responses have the status of the function, or 200 with the returned value', async () => {
    const fancy = await get('/fancy');
    expect(fancy.status).toBe(201);
    expect(fancy.headers.get('x-fancy')).toBe('yes');
    expect(fancy.headers.getSetCookie()).toEqual(['a=1; Secure', 'b=2']);
    expect([...new Uint8Array(await fancy.arrayBuffer())]).toEqual([0, 255, 1]);
    expect(fancy.headers.get('apigw-requestid')).toMatch(/^[\w-]{15}$/);
    const plain = await get('/plain');
    expect([plain.status, plain.headers.get('content-type')]).toEqual([200, 'application/json']);
  });

  describe('a page of another origin', () => {
    const admin = 'https://admin.example.org';
    const corsHeaders = ({ headers }: Response) =>
      [...headers.keys()].filter((name) => name.startsWith('access-control-'));
    const preflight = (origin: string) =>
      get('/things/all', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });

    test('gets the response to a preflight request without an invocation', async () => {
      const answer = await preflight(admin);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': admin,
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-max-age': '7200',
      });
    });

    test('may read the responses and the exposed headers, even of errors', async () => {
      for (const path of ['/fancy', '/fail', '/things/%zz']) {
        const { headers } = await get(path, { headers: { origin: admin } });
        expect(headers.get('access-control-allow-origin')).toBe(admin);
        expect(headers.get('access-control-expose-headers')).toBe('x-fancy,retry-after');
      }
    });

    test.each(['https://evil.example.org', 'http://admin.example.org', 'https://admin.example.org:8443', 'null'])(
      'gets no CORS header if its origin, %s, is not allowed',
      async (origin) => {
        expect(corsHeaders(await preflight(origin))).toEqual([]);
        expect(corsHeaders(await get('/fancy', { headers: { origin } }))).toEqual([]);
      },
    );

    test('OPTIONS without an origin is handled like any other request', async () => {
      expect(await json(get('/things/all', { method: 'OPTIONS' }))).toEqual({ hello: 'world' });
    });
  });

  test.each([
    ['/fail', 500, 'Internal Server Error'],
    ['/malformed', 500, 'Internal Server Error'],
    ['/hang', 503, 'Service Unavailable'],
    ['/things/%zz', 400, 'Bad Request'],
    ['/things/a?q=%E0%A4%A', 400, 'Bad Request'],
  ])('%s gets %i', async (path, status, message) => {
    const answer = await raw(path);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }]);
  });

  test('a body over 10 MB is refused, and HEAD gets no body', async () => {
    const body = 'x'.repeat(10 * 1024 * 1024 + 1);
    expect((await get('/things', { method: 'POST', body })).status).toBe(413);
    const head = await get('/plain', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('requests over the limit of the stage get 429, like on API Gateway', async () => {
    const declared = parseDeclared(document);
    const limited = { ...declared, throttling: { rate: 1, burst: 5 } };
    const api = await startHttpApi(limited, 0, async () => ({ outcome: 'value', value: 'taken' }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`http://127.0.0.1:${api.port}/plain`, { headers: { connection: 'close' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(200), ...Array(3).fill(429)]);
    const refused = answers.find(({ status }) => status === 429);
    expect(await refused?.json()).toEqual({ message: 'Too Many Requests' });
    await api.stop();
  });

  test('a function at its declared concurrency throttles', async () => {
    await get('/alone');
    const three = await Promise.all([get('/alone'), get('/alone'), get('/alone')]);
    expect(three.map(({ status }) => status).sort()).toEqual([200, 503, 503]);
  });

  test('malformed requests and closed connections do no harm', async () => {
    const port = Number(new URL(stack.url).port);
    for (const text of ['nonsense\r\n\r\n', 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc']) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(text, () => setTimeout(() => socket.destroy(), 50));
        });
        socket.on('close', () => resolve()).on('error', () => {});
      });
    }
    expect((await get('/plain')).status).toBe(200);
  });
});

test('a declared authorizer is refused, because the local stack would leave its route open', () => {
  const { functions } = document;
  const events = [{ httpApi: { method: 'GET', path: '/x', authorizer: { name: 'token' } } }];
  const guarded = { ...document, functions: { ...functions, guarded: { ...functions.plain, events } } };
  expect(() => parseDeclared(guarded)).toThrow('the local stack runs no authorizers');
});

describe('queues and tables', () => {
  const send = async (...says: string[]) => {
    const file = join(dataDir, `${crypto.randomUUID()}.jsonl`);
    const client = sqs();
    const Entries = says.map((say, i) => ({ Id: String(i), MessageBody: JSON.stringify({ say, file }) }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: stack.env.WORK_QUEUE_URL, Entries }));
    return () =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [];
  };
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = () =>
    new SQSClient({ endpoint: stack.env.AWS_ENDPOINT_URL_SQS as string, region: 'eu-central-1', credentials });
  const waiting = async (queue: string) => {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const command = { QueueUrl: `${stack.env.AWS_ENDPOINT_URL_SQS}/000000000000/${queue}`, AttributeNames: [...names] };
    const { Attributes = {} } = await sqs().send(new GetQueueAttributesCommand(command));
    return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
  };

  test('a batch is received once, and only the named messages are delivered again', async () => {
    const seen = await send('one', 'fail', 'three');
    await expect.poll(() => seen().length, { timeout: 10_000 }).toBe(4);
    expect(
      seen()
        .map(({ say, ApproximateReceiveCount: n }) => `${say} ${n}`)
        .sort(),
    ).toEqual([...['fail 1', 'fail 2', 'one 1', 'three 1']]);
    await expect.poll(() => waiting('fixture-work')).toBe(0);
  });

  test.each(['throw', 'nonsense'])(
    '%s: the whole batch is delivered again and then reaches the dead-letter queue',
    async (say) => {
      const before = await waiting('fixture-dead');
      const seen = await send(say);
      await expect.poll(() => waiting('fixture-dead'), { timeout: 10_000, interval: 200 }).toBe(before + 1);
      expect(seen().map((each) => each.ApproximateReceiveCount)).toEqual(['1', '2']);
    },
  );

  test('a table has its time to live', async () => {
    const client = new DynamoDBClient({
      endpoint: stack.env.AWS_ENDPOINT_URL_DYNAMODB as string,
      region: 'eu-central-1',
      credentials,
    });
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: 'fixture-things' }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'expires_at', TimeToLiveStatus: 'ENABLED' });
  });
});

describe('the stack', () => {
  test('its keys verify its tokens', async () => {
    const { AUTH_JWKS_URL, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = stack.env as Record<string, string>;
    const keys = createRemoteJWKSet(new URL(AUTH_JWKS_URL as string));
    const { payload } = await jwtVerify(stack.tokens.curator, keys, { issuer, audience } as never);
    expect(payload).toMatchObject({ role: 'curator', university_id: 1, sub: 'local-curator' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(12 * 3_600);
    expect((await jwtVerify(stack.tokens.superadmin, keys)).payload).not.toHaveProperty('university_id');
  });

  test('only the owner can read its secrets', () => {
    for (const file of ['identity.json', 'cursor-secret', 'environment.json']) {
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    }
  });

  test('a port in use is reported at once', async () => {
    const port = Number(new URL(stack.url).port);
    await expect(startLocalStack({ ...options(), port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('a stop lets events end, and the next start finds the data and the keys', async () => {
    const former = { ...stack.env };
    const dead = `${former.AWS_ENDPOINT_URL_SQS}/_fauxqs/queues/fixture-dead`;
    const { messages } = await json(fetch(dead));
    await get('/alone');
    const underWay = get('/alone');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stack.stop();
    expect((await underWay).status).toBe(200);
    expect(existsSync(environmentFile(dataDir))).toBe(false);
    await expect(get('/plain')).rejects.toThrow();
    await expect(fetch(former.AWS_ENDPOINT_URL_DYNAMODB as string)).rejects.toThrow();

    stack = await startLocalStack(options());
    expect(stack.env.CURSOR_SECRET).toBe(former.CURSOR_SECRET);
    const again = await json(fetch(`${stack.env.AWS_ENDPOINT_URL_SQS}/_fauxqs/queues/fixture-dead`));
    expect(again.messages.ready.length).toBe(messages.ready.length);
  });
});

test('the embedded Redis can be killed and started again on its port', async () => {
  await stack.stop();
  stack = await startLocalStack({ ...options(), env: { MAX_API_URL: 'http://127.0.0.1:9' } });
  const port = Number(new URL(stack.redis.url).port);
  const ping = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => socket.destroy() && resolve(String(data))).once('error', () => resolve('down'));
    });
  expect(await ping()).toBe('+PONG\r\n');
  await stack.redis.kill();
  expect(await ping()).toBe('down');
  await stack.redis.start();
  expect(await ping()).toBe('+PONG\r\n');
});

test('the servers end with a starter that is killed', async () => {
  const module = new URL('../../localstack/servers/dynamodb.ts', import.meta.url).href;
  const script = `const { startDynamoDb } = await import('${module}'); console.log((await startDynamoDb()).endpoint);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [endpoint] = await once(starter.stdout, 'data');
  await expect(fetch(String(endpoint).trim())).resolves.toBeDefined();
  starter.kill('SIGKILL');
  await expect
    .poll(
      () =>
        fetch(String(endpoint).trim()).then(
          () => 'up',
          () => 'down',
        ),
      { timeout: 5_000 },
    )
    .toBe('down');
});
