import { existsSync, readFileSync } from 'node:fs';
import { ToolError } from './command-line.ts';

/** Tells tools the address of the service: from the environment variables, otherwise from the running local stack. */

const LOCAL = new URL('../.local/environment.json', import.meta.url);

/** Adds the addresses and names of the running local stack to `process.env`. Variables that are already set remain. */
export function useRunningStack(needed: string): void {
  if (process.env[needed]) return;
  if (!existsSync(LOCAL)) {
    throw new ToolError(
      `No local stack is running. Start it with "npm start", or set ${needed} for a deployed service.`,
    );
  }
  const running: Record<string, string> = JSON.parse(readFileSync(LOCAL, 'utf8'));
  for (const [name, value] of Object.entries(running)) process.env[name] ||= value;
}
