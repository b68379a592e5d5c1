import { createMaxApi } from '../lib/adapters/max/client.ts';
import type { MaxError } from '../lib/max-api/api.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { readOptions, runTool, ToolError } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** `npm run webhook -- register|status|remove` */

const HELP = `Usage: npm run webhook -- register|status|remove [--url URL]

Shows or changes the bot's webhook subscription in MAX. The service itself checks and renews it every 15 minutes.

  status     prints all subscriptions and whether the service is subscribed
  register   subscribes the service, with WEBHOOK_SECRET
  remove     removes the subscription of the service, or of --url

  --url      the webhook's URL; WEBHOOK_URL by default
  --help     prints this text

The tool uses MAX_API_URL, MAX_API_TOKEN and MAX_API_CA, or the settings of the running local stack.
Exit status: 0 on success, 1 if the service is not subscribed, 2 if MAX refused or could not be reached.`;

const TIMEOUT_MS = 10_000;

await runTool(async () => {
  const { values, positionals } = readOptions(HELP, { url: { type: 'string' } }, { positionals: true });
  const [action, ...more] = positionals;
  if (!action || more.length > 0 || !['register', 'status', 'remove'].includes(action)) {
    throw new ToolError(`The command must be register, status or remove.\n\n${HELP}`);
  }
  useRunningStack('MAX_API_TOKEN');
  const { max, upstream, webhook, webhookSecret } = readConfig(process.env, [
    'max',
    'upstream',
    'webhook',
    'webhookSecret',
  ]);
  const token = max.MAX_API_TOKEN;
  if (!token) throw new ToolError('MAX_API_TOKEN is not set.');
  const api = createMaxApi({ url: upstream.MAX_API_URL, token: async () => token, ca: max.MAX_API_CA });
  const url = values.url ?? webhook.WEBHOOK_URL;

  if (action === 'status') {
    const there = answered(await api.listSubscriptions(TIMEOUT_MS));
    for (const subscription of there) {
      console.log(`${subscription.url}${subscription.url === url ? '  (this service)' : ''}`);
    }
    const own = there.some((subscription) => subscription.url === url);
    if (!own)
      console.log(url ? `${url} is not subscribed.` : 'WEBHOOK_URL is not set, so this service has no subscription.');
    return own ? 0 : 1;
  }
  if (!url) throw new ToolError('WEBHOOK_URL is not set. Set it, or use --url.');
  if (action === 'remove') {
    answered(await api.unsubscribe(url, TIMEOUT_MS));
    console.log(`${url} is unsubscribed.`);
    return 0;
  }
  const secret = webhookSecret.WEBHOOK_SECRET;
  if (!secret) throw new ToolError('WEBHOOK_SECRET is not set. MAX must send it with every delivery.');
  answered(await api.subscribe(url, secret, TIMEOUT_MS));
  console.log(`${url} is subscribed.`);
  return 0;
});

function answered<A>(answer: A | MaxError): Exclude<A, MaxError> {
  if (typeof answer === 'object' && answer !== null && 'kind' in answer) {
    const { error, detail } = answer as MaxError;
    throw new ToolError(`MAX refused: ${error} (${detail}).`);
  }
  return answer as Exclude<A, MaxError>;
}
