import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';

/** The OpenAPI document as a page. A token of the console's session is used for trying requests. */

const dark = matchMedia('(prefers-color-scheme: dark)');
const followTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followTheme);
followTheme();

const ui = SwaggerUIBundle({
  url: new URL('openapi.json', location.href).href,
  dom_id: '#api',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: 'list',
  filter: true,
  syntaxHighlight: { theme: dark.matches ? 'monokai' : 'idea' },
  // Swagger UI would otherwise ask its makers' server to check the document.
  validatorUrl: null,
  onComplete() {
    const token = sessionStorage.getItem('chat-participants.token');
    if (token) ui.preauthorizeApiKey('token', token);
  },
});
