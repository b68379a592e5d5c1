/** Paths for browsers, which are not in the OpenAPI document. A test compares them with `serverless.yml`. */
export const PAGE_PATHS = ['/console', '/console/{file}', '/docs', '/docs/{file}'] as const;
