import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';

/** The OpenAPI document as a page. Requests from it use the token of the console's session. */

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
  // Its colours have too little contrast.
  syntaxHighlight: { activated: false },
  // The link is inside a button, which opens the operation and changes the address in the same way.
  plugins: [{ components: { DeepLink: ({ text }: { text: string }) => text } }],
  // Otherwise Swagger UI would send the document's address to a public validator.
  validatorUrl: null,
  onComplete() {
    const token = sessionStorage.getItem('chat-participants.token');
    if (token) ui.preauthorizeApiKey('token', token);
  },
});

/** Gives names to fields that have none, and lets examples be scrolled by keyboard. */
function completeForEverybody(api: Element): void {
  for (const field of api.querySelectorAll('[data-param-name] :is(select, input, textarea):not([aria-label])')) {
    field.setAttribute('aria-label', field.closest('[data-param-name]')?.getAttribute('data-param-name') ?? '');
  }
  for (const field of api.querySelectorAll('select:not([aria-label], [id])'))
    field.setAttribute('aria-label', 'Format');
  for (const example of api.querySelectorAll('pre:not([tabindex])')) example.setAttribute('tabindex', '0');
}
const api = document.getElementById('api');
if (api) {
  new MutationObserver(() => completeForEverybody(api)).observe(api, { childList: true, subtree: true });
}
