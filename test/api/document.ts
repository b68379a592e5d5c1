import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { ROUTES } from '../../functions/http-describe-api/routes.ts';
import { openApiDocument } from '../../lib/http/openapi.ts';
import type { Api } from '../support/json-schema.ts';

/** Returns the OpenAPI document of the routes in this working tree, the response of `GET /openapi.json`. */
export const apiDocument = () => JSON.parse(JSON.stringify(openApiDocument(ROUTES))) as Api;

/** Returns the TypeScript types of the document. The client of the end-to-end tests uses them. */
export async function apiTypes(): Promise<string> {
  const types = await openapiTS(apiDocument() as unknown as OpenAPI3, { defaultNonNullable: false });
  return `/** Made by \`npm run api:types\` from the OpenAPI document. */\n\n${astToString(types)}`;
}
