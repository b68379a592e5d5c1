/** Style sheets are bundled by their import. */
declare module '*.css';

declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface SwaggerUi {
    preauthorizeApiKey(scheme: string, token: string): void;
  }
  const SwaggerUIBundle: (options: Record<string, unknown>) => SwaggerUi;
  export default SwaggerUIBundle;
}
