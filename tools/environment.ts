import { existsSync, readFileSync } from 'node:fs';

/**
 * Where the tools find the service: the environment, if it names it; otherwise the local stack that is running.
 */

const LOCAL = new URL('../.local/environment.json', import.meta.url);

export class ToolError extends Error {}

/** Adds what the running local stack tells to `process.env`, unless the person set it. */
export function useRunningStack(needed: string): void {
  if (process.env[needed]) return;
  if (!existsSync(LOCAL)) {
    throw new ToolError(
      `No local stack is running: start one with "npm start", or set ${needed} for a deployed service.`,
    );
  }
  const running: Record<string, string> = JSON.parse(readFileSync(LOCAL, 'utf8'));
  for (const [name, value] of Object.entries(running)) process.env[name] ||= value;
}

/** Runs a tool: its errors are said plainly, and the exit status tells. */
export async function runTool(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const plain = error instanceof ToolError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
    console.error(plain ? (error as Error).message : error);
    process.exitCode = plain ? 2 : 1;
  }
}

/** One line that is written over on a terminal, and now and then anew elsewhere. */
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
