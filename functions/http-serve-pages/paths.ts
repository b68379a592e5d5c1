/** What is served to browsers and is not in the contract; a test holds it against `serverless.yml`. */
export const PAGE_PATHS = ['/console', '/console/{file}', '/docs', '/docs/{file}'] as const;
