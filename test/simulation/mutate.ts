import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

/** For `node --import`: the mutant that MUTANT names by its number replaces its piece of the source as it is loaded. */
const mutant = MUTANTS[Number(process.env.MUTANT ?? -1)];
if (mutant) {
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.endsWith(`/${mutant.file}`)) return nextLoad(url, context);
      const source = readFileSync(fileURLToPath(url), 'utf8').replace(mutant.from, () => mutant.to);
      return url.endsWith('.lua')
        ? { format: 'module', source: `export default ${JSON.stringify(source)}`, shortCircuit: true }
        : { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}
