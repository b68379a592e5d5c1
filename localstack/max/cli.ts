/** `npm run max-simulator -- [flags]` runs the simulated MAX in its own process. */
import { readOptions, runTool, ToolError } from '../../tools/command-line.ts';
import { startSimulator } from './server.ts';

interface Flag<T> {
  readonly default: string;
  readonly allowed: string;
  readonly help: string;
  /** Returns `undefined` for a value that is not allowed. */
  parse(text: string): T | undefined;
}

const flags = {
  port: number(0, 65_535, true, '0', 'port of the API; 0: a free one'),
  'control-port': number(0, 65_535, true, '0', 'port of the control address; 0: a free one'),
  token: matching(
    /^\S{1,512}$/,
    '1 to 512 characters without spaces',
    'simulator-token',
    'token that callers must send',
  ),
  chats: number(1, 1_000_000, true, '1000', 'number of chats'),
  seed: number(0, 2 ** 32 - 1, true, '1', 'seed of the random data; the same seed gives the same chats'),
  drift: number(0, 1_000_000, false, '1', 'speed at which chats change; 0: frozen'),
  'gone-rate': number(0, 1, false, '0.001', 'share of the chats that disappear in a day'),
  rps: number(1, 1_000_000, true, '30', 'requests allowed in any 1,000 ms'),
  'latency-ms': number(0, 600_000, false, '40', 'mean response time'),
  'jitter-ms': number(0, 600_000, false, '20', 'largest deviation from the mean response time'),
  events: onOff('on', 'send events to subscribers'),
  'loopback-webhooks': onOff('on', 'accept http:// webhooks on this machine, with a port'),
  repeat: number(0, 1, false, '0.02', 'probability that an event is delivered twice'),
  'reorder-ms': number(0, 600_000, false, '500', 'longest random delay of an event, so that the order changes'),
  'time-scale': number(0, 1, false, '1', 'factor on the pauses between retries and the 8 h to unsubscription'),
};

function number(min: number, max: number, whole: boolean, standard: string, help: string): Flag<number> {
  return {
    default: standard,
    allowed: `${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`,
    help,
    parse(text) {
      const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
    },
  };
}

function onOff(standard: 'on' | 'off', help: string): Flag<boolean> {
  const values = new Map([
    ['on', true],
    ['off', false],
  ]);
  return { default: standard, allowed: 'on or off', help, parse: (text) => values.get(text) };
}

function matching(pattern: RegExp, allowed: string, standard: string, help: string): Flag<string> {
  return { default: standard, allowed, help, parse: (text) => (pattern.test(text) ? text : undefined) };
}

function usage(): string {
  const lines = Object.entries(flags).map(
    ([name, flag]) => `  --${name.padEnd(18)} ${flag.help} (${flag.allowed}; default ${flag.default})`,
  );
  return [
    'Usage: npm run max-simulator -- [options]\n\nA simulated MAX Bot API on 127.0.0.1.',
    '',
    ...lines,
    `  --${'help'.padEnd(18)} prints this text`,
  ].join('\n');
}

function readArguments() {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' as const }]));
  const given: Readonly<Record<string, string | undefined>> = readOptions(usage(), options).values;
  function value<T>(name: keyof typeof flags, flag: Flag<T>): T {
    const text = given[name] ?? flag.default;
    const parsed = flag.parse(text);
    if (parsed === undefined) throw new ToolError(`--${name}: "${text}" is not ${flag.allowed}`);
    return parsed;
  }
  return {
    port: value('port', flags.port),
    controlPort: value('control-port', flags['control-port']),
    token: value('token', flags.token),
    chats: value('chats', flags.chats),
    seed: value('seed', flags.seed),
    drift: value('drift', flags.drift),
    goneRate: value('gone-rate', flags['gone-rate']),
    rps: value('rps', flags.rps),
    events: value('events', flags.events),
    loopbackWebhooks: value('loopback-webhooks', flags['loopback-webhooks']),
    switches: {
      latency_ms: value('latency-ms', flags['latency-ms']),
      jitter_ms: value('jitter-ms', flags['jitter-ms']),
    },
    webhooks: {
      repeat: value('repeat', flags.repeat),
      reorderMs: value('reorder-ms', flags['reorder-ms']),
      timeScale: value('time-scale', flags['time-scale']),
    },
  };
}

await runTool(async () => {
  const options = readArguments();
  const simulator = await startSimulator(options).catch((error: NodeJS.ErrnoException & { port?: number }) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ToolError(`Port ${error.port} is in use; choose another with --port or --control-port.`);
  });
  const end = () => void simulator.close();
  process.once('SIGINT', end).once('SIGTERM', end);
  console.log(`api      ${simulator.url}  (${simulator.world.size} chats, ${options.rps} requests a second)`);
  console.log(`control  ${simulator.controlUrl}`);
  console.log(`token    ${simulator.token}`);
  console.log(`ready ${simulator.url}`);
  return 0;
});
