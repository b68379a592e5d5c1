import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { type Api, resolveResponse, schemaChecker } from '../support/json-schema.ts';
import type { components, operations, paths } from './api.d.ts';

/**
 * The client of the API. Its types are generated from the OpenAPI document. It checks each response against the document that the
 * service returns, so a test fails if they differ.
 */
export type ApiClient = Client<paths>;

export type Chat = components['schemas']['Chat'];
export type ListQuery = NonNullable<operations['listChats']['parameters']['query']>;

/** @returns a function that creates a client with or without a token. */
export async function connectApi(url: string): Promise<(token: string | undefined) => ApiClient> {
  const api = (await (await fetch(`${url}/openapi.json`)).json()) as Api;
  const conforming = conformTo(api);
  return (token) => {
    const client = createClient<paths>({
      baseUrl: url,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    client.use(conforming);
    return client;
  };
}

function conformTo(api: Api): Middleware {
  const check = schemaChecker(api);
  return {
    async onResponse({ request, schemaPath, response }) {
      const answer = `${request.method} ${schemaPath} → ${response.status}`;
      const documented = api.paths[schemaPath]?.[request.method.toLowerCase()]?.responses[response.status];
      if (!documented) throw new Error(`${answer} is not in the document`);
      const { content } = resolveResponse(api, documented);
      const text = await response.clone().text();
      if (!content && text === '') return;
      const type = response.headers.get('content-type') ?? 'no content-type';
      const schema = content?.[type]?.schema;
      if (!schema) throw new Error(`${answer} is not documented with ${type}`);
      const problem = check(schema, JSON.parse(text));
      if (problem) throw new Error(`${answer} is not as documented: ${problem}\n${text}`);
    },
  };
}
