import { existsSync, readFileSync } from 'node:fs';
import { ToolError } from './command-line.ts';

/** Where the tools find the service: the environment, if it names it; otherwise the local stack that is running. */

const LOCAL = new URL('../.local/environment.json', import.meta.url);

/** Adds the addresses and names of the running local stack to `process.env`, except those that the person has set. */
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
