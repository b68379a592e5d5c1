import * as z from 'zod';
import { PROBLEMS } from './problem.ts';
import type { AnswerSchema, Route } from './route.ts';

/** The OpenAPI 3.1 document, made from the very schemas that check the requests. */

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  request_id: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

/** Requests are described as they are sent, before defaults and conversions. */
const requestSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
const answerSchema = (schema: AnswerSchema) =>
  z.toJSONSchema(typeof schema === 'function' ? schema() : schema, { io: 'output', unrepresentable: 'any' });

/** What API Gateway answers by itself: no problem document, and no Retry-After. */
const gatewayContent = { 'application/json': { schema: { $ref: '#/components/schemas/GatewayError' } } };

const titles = (status: number) =>
  Object.values(PROBLEMS)
    .filter((problem) => problem.status === status)
    .map((problem) => problem.title)
    .join('; ');

export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'chat-participants',
      version: '1',
      description: 'Chats of an organisation in the MAX messenger, with the actual number of participants.',
    },
    paths,
    components: {
      schemas: {
        Problem: z.toJSONSchema(problemSchema),
        GatewayError: z.toJSONSchema(z.object({ message: z.string() })),
      },
      headers: {
        ServerTiming: {
          description:
            'Where the time went, ms: `total` in the function; in a listing `db` for DynamoDB and `counts` for Redis and what it lacks.',
          schema: { type: 'string' },
          example: 'db;dur=8.1, counts;dur=1.4, total;dur=10.2',
        },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const problems = new Set([
    ...(route.params || route.query || (route.body && !route.readsBodyItself) ? [400] : []),
    ...(route.roles === 'anyone' ? [] : [401, 403, 503]),
    ...(route.body && !route.readsBodyItself ? [413, 415] : []),
    ...(route.problems ?? []),
    500,
  ]);
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[^a-z]+(\w)/gi, (_, c) => c.toUpperCase()).replace(/\W/g, '')}`,
    ...(route.roles === 'anyone' ? {} : { security: [{ token: [] }], 'x-roles': route.roles }),
    parameters: [...parameters('path', route.params), ...parameters('query', route.query)],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: requestSchema(route.body) } } } }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, { description, schema }]) => [
          status,
          {
            description,
            headers: { 'Server-Timing': { $ref: '#/components/headers/ServerTiming' } },
            ...(schema ? { content: { 'application/json': { schema: answerSchema(schema) } } } : {}),
          },
        ]),
      ),
      ...Object.fromEntries(
        [...problems].map((status) => [
          status,
          {
            description: titles(status),
            content: {
              'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
              ...(status === 503 ? gatewayContent : {}),
            },
          },
        ]),
      ),
      429: { description: 'More requests at once than the API takes; try again in a second', content: gatewayContent },
    },
  };
}

function parameters(where: 'path' | 'query', schema: z.ZodObject | undefined) {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: where,
    required: where === 'path',
    schema: requestSchema(field as z.ZodType),
  }));
}
