import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { ROUTES } from '../../functions/http-describe-api/routes.ts';
import { openApiDocument } from '../../lib/http/openapi.ts';
import type { Api } from '../support/json-schema.ts';

/** The OpenAPI document of the routes in this working tree, as `GET /openapi.json` answers it. */
export const apiDocument = () => JSON.parse(JSON.stringify(openApiDocument(ROUTES))) as Api;

/** The TypeScript types of the document, which the client of the end-to-end tests is made from. */
export async function apiTypes(): Promise<string> {
  const types = await openapiTS(apiDocument() as unknown as OpenAPI3, { defaultNonNullable: false });
  return `/** Made by \`npm run api:types\` from the OpenAPI document. */\n\n${astToString(types)}`;
}
