import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOptions, runTool } from '../../tools/command-line.ts';
import { apiTypes } from './document.ts';

/** `npm run api:types` writes the types of the OpenAPI document. */

const HELP = `Usage: npm run api:types -- [--help]

Writes test/e2e/api.d.ts, the types of the end-to-end tests' client, from the OpenAPI document. Run it after a change of the API.

  --help  prints this text`;

await runTool(async () => {
  readOptions(HELP, {});
  await writeFile(join(import.meta.dirname, '../e2e/api.d.ts'), await apiTypes());
  return 0;
});
