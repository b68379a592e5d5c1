import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What every tool does alike: options, `--help`, errors and the exit status. */

/** An error that the person can do something about: shown as it is, without a stack trace. */
export class ToolError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the command line. `--help` is an option of every tool: prints the text and ends the process with 0.
 * @throws {ToolError} naming the option that is wrong, and all that are allowed.
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
    // Node's advice on arguments that begin with a hyphen is cut off.
    const [problem] = (error as Error).message.split(/\. (?=To )/);
    const allowed = Object.keys(config.options).map((name) => `--${name}`);
    throw new ToolError(`${problem?.replace(/\.$/, '')}. Allowed options: ${allowed.join(', ')}.`);
  }
  console.log(help);
  process.exit(0);
}

/** Returns the value if it is one of those allowed. @throws {ToolError} naming the option and the allowed values. */
export function oneOf<const T extends string>(option: string, value: string | undefined, allowed: readonly T[]) {
  if (value === undefined) return undefined;
  const known = allowed.find((name) => name === value);
  if (known) return known;
  throw new ToolError(`${option}: "${value}" is not one of ${allowed.join(', ')}.`);
}

/** Runs a tool. Sets the exit status: what `main` returns, 2 for a `ToolError`, 1 for an unexpected error. */
export async function runTool(main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const known = error instanceof ToolError;
    console.error(known ? error.message : error);
    process.exitCode = known ? 2 : 1;
  }
}

/** A line of progress on stderr: overwritten on a terminal, written anew every 5 s elsewhere. */
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
