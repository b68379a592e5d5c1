import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Shared code of the tools: options, `--help`, errors and the exit status. */

/** An error that the user can correct. The tool prints its message without a stack trace. */
export class ToolError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses the command line. Every tool has the option `--help`, which prints the text and ends the process with 0.
 * @throws {ToolError} with the invalid option and all allowed options.
 */
export function readOptions<const O extends Options, const P extends boolean = false>(
  help: string,
  options: O,
  { positionals, args = process.argv.slice(2) }: { positionals?: P; args?: string[] } = {},
) {
  const config = { args, options: { ...options, help: { type: 'boolean' } }, allowPositionals: positionals ?? false };
  try {
    const parsed = parseArgs<{ args: string[]; options: O; allowPositionals: P }>(config as never);
    if ((parsed.values as { help?: boolean }).help !== true) return parsed;
  } catch (error) {
    // Removes Node's advice about arguments that begin with a hyphen.
    const [problem] = (error as Error).message.split(/\. (?=To )/);
    const allowed = Object.keys(config.options).map((name) => `--${name}`);
    throw new ToolError(`${problem?.replace(/\.$/, '')}. Allowed options: ${allowed.join(', ')}.`);
  }
  console.log(help);
  process.exit(0);
}

/** Returns the value if it is allowed. @throws {ToolError} with the option and the allowed values. */
export function oneOf<const T extends string>(option: string, value: string | undefined, allowed: readonly T[]) {
  if (value === undefined) return undefined;
  const known = allowed.find((name) => name === value);
  if (known) return known;
  throw new ToolError(`${option}: "${value}" is not one of ${allowed.join(', ')}.`);
}

/** Runs a tool and sets the exit status: the value of `main`, 2 for a `ToolError`, 1 for an unexpected error. */
export async function runTool(main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const known = error instanceof ToolError;
    console.error(known ? error.message : error);
    process.exitCode = known ? 2 : 1;
  }
}

/** Shows progress on stderr: in one line on a terminal, otherwise in a new line every 5 s. */
export function progressLine(): { show(text: string): void; end(): void } {
  const terminal = process.stderr.isTTY;
  let shownAt = 0;
  let last = '';
  return {
    show(text) {
      last = text;
      const now = Date.now();
      if (now - shownAt < (terminal ? 100 : 5_000)) return;
      shownAt = now;
      process.stderr.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`);
    },
    end() {
      if (last) process.stderr.write(terminal ? `\r\x1b[2K${last}\n` : `${last}\n`);
    },
  };
}
