import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { progressLine, readOptions, runTool, ToolError } from '../../tools/command-line.ts';
import { MUTANTS } from './mutants.ts';
import type { Order, Outcome } from './worker.ts';

/** `npm run simulate`: runs the service in simulated time, with all kinds of failures. */

const HELP = `Usage: npm run simulate -- [--seeds N] [--from N] [--hours N] [--processes N]
       npm run simulate -- --seed N [--hours N] [--about TEXT]
       npm run simulate -- --mutants [--seeds N] [--about TEXT]
       npm run simulate -- --scripts N

Runs the service in virtual time while networks, stores, queues, MAX and the service's own processes fail, and checks the invariants
after every step. The exit status is 1 if one was broken.

  --seeds      how many seeds (default 100; for mutants, how many are tried on each: 40)
  --from       the first of them (default 1)
  --hours      virtual hours with faults of each (default 24)
  --processes  processes at the same time (default: the processors of this machine)
  --seed       replays one seed, and prints what led to the broken invariant
  --about      prints only the lines that have this text, as "chat 7" or "-300"; for mutants: only those whose name has it
  --mutants    puts known faults into the service, one at a time: each must be found, at best by the seed that it names
  --scripts    compares the Lua scripts with their model in TypeScript, which the simulation uses, on this many random calls
  --help       this text`;

/** Random calls on the same keys. */
const CALLS_OF_SEED = 5_000;

const wholeNumber = (option: string, text: string, min: number): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min)
    throw new ToolError(`--${option} must be a whole number from ${min} on.`);
  return value;
};

await runTool(async () => {
  const { values } = readOptions(HELP, {
    ...{ seeds: { type: 'string' }, from: { type: 'string', default: '1' }, hours: { type: 'string', default: '24' } },
    ...{ processes: { type: 'string' }, seed: { type: 'string' }, about: { type: 'string', default: '' } },
    ...{ mutants: { type: 'boolean', default: false }, scripts: { type: 'string' } },
  });
  const hours = wholeNumber('hours', values.hours, 1);
  if (values.seed !== undefined) return replay(wholeNumber('seed', values.seed, 0), hours, values.about);
  const from = wholeNumber('from', values.from, 0);
  const processes = wholeNumber('processes', values.processes ?? String(availableParallelism()), 1);
  if (values.mutants) {
    return findMutants(wholeNumber('seeds', values.seeds ?? '40', 1), from, hours, processes, values.about);
  }
  if (values.scripts !== undefined) return compareAll(wholeNumber('scripts', values.scripts, 1), from, processes);
  const broken = await runSeeds(wholeNumber('seeds', values.seeds ?? '100', 1), from, hours, processes);
  return broken === 0 ? 0 : 1;
});

async function replay(seed: number, hours: number, about: string): Promise<number> {
  const { simulate, Violation } = await import('./world.ts');
  try {
    console.log(JSON.stringify(await simulate({ seed, hours, traced: true }), null, 2));
    return 0;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    for (const line of error.trace.filter((text) => text.includes(about) || text.includes('fault')).slice(-80)) {
      console.log(line);
    }
    console.error(error.message);
    return 1;
  }
}

/** Runs orders in several processes. @param next the next order; `undefined` when there are no more. */
async function inProcesses(
  processes: number,
  env: NodeJS.ProcessEnv,
  next: () => Order | undefined,
  done: (outcome: Outcome) => void,
): Promise<void> {
  const root = new URL('../../', import.meta.url);
  const hooks = ['./localstack/lua-as-text.ts', './test/simulation/mutate.ts'].flatMap((file) => ['--import', file]);
  await Promise.all(
    Array.from({ length: processes }, async () => {
      const worker = fork(new URL('./worker.ts', import.meta.url), {
        cwd: root,
        execArgv: hooks,
        env: { ...process.env, ...env },
      });
      try {
        await once(worker, 'message');
        for (let order = next(); order; order = next()) {
          worker.send(order);
          const [outcome] = await once(worker, 'message');
          done(outcome as Outcome);
        }
      } finally {
        worker.kill();
      }
    }),
  );
}

async function runSeeds(seeds: number, from: number, hours: number, processes: number): Promise<number> {
  const startedAt = performance.now();
  const progress = progressLine();
  let given = 0;
  let finished = 0;
  let broken = 0;
  let requests = 0;
  let worked = 0;
  await inProcesses(
    Math.min(processes, seeds),
    {},
    () => {
      if (given >= seeds) return undefined;
      given += 1;
      return { seed: from + given - 1, hours };
    },
    (outcome) => {
      finished += 1;
      requests += outcome.requests;
      worked += outcome.ms;
      if (outcome.broken) {
        broken += 1;
        console.error(`${outcome.broken}\n  npm run simulate -- --seed ${outcome.seed} --hours ${hours}`);
      }
      const left = ((performance.now() - startedAt) / finished) * (seeds - finished);
      progress.show(`${finished} of ${seeds} seeds, ${broken} broken, ${Math.ceil(left / 60_000)} min left`);
    },
  );
  progress.end();
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${seeds} seeds × ${hours} h in ${seconds.toFixed(0)} s: ${broken} broken; ${requests} requests to MAX; ` +
      `${(worked / 1_000 / seeds / (hours / 24)).toFixed(2)} s for a virtual day`,
  );
  return broken;
}

async function compareAll(calls: number, from: number, processes: number): Promise<number> {
  const progress = progressLine();
  let given = 0;
  let finished = 0;
  let broken = 0;
  await inProcesses(
    processes,
    {},
    () => {
      if (given >= calls) return undefined;
      const order = { seed: from + given / CALLS_OF_SEED, calls: Math.min(CALLS_OF_SEED, calls - given) };
      given += CALLS_OF_SEED;
      return order;
    },
    (outcome) => {
      finished += CALLS_OF_SEED;
      if (outcome.broken) {
        broken += 1;
        console.error(`seed ${outcome.seed}: ${outcome.broken}`);
      }
      progress.show(`${Math.min(finished, calls)} of ${calls} calls, ${broken} differences`);
    },
  );
  progress.end();
  console.log(`${calls} random calls: the scripts and their model ${broken === 0 ? 'agree' : 'DIFFER'}`);
  return broken === 0 ? 0 : 1;
}

async function findMutants(
  seeds: number,
  from: number,
  hours: number,
  processes: number,
  about: string,
): Promise<number> {
  let survived = 0;
  const chosen = [...MUTANTS.entries()].filter(([, { name }]) => name.includes(about));
  const waiting = [...chosen];
  await Promise.all(
    Array.from({ length: processes }, async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const [number, mutant] = one;
        // A mutant of a script needs the scripts instead of their model.
        const scripts = mutant.file.endsWith('.lua') ? 'lua' : 'model';
        const tried = [mutant.seed, ...Array.from({ length: seeds }, (_, i) => from + i)];
        let found: Outcome | undefined;
        await inProcesses(
          1,
          { MUTANT: String(number) },
          () => {
            const seed = found ? undefined : tried.shift();
            return seed === undefined ? undefined : { seed, hours, scripts };
          },
          (outcome) => {
            if (outcome.broken) found = outcome;
          },
        );
        if (!found) survived += 1;
        const verdict = found ? `found by seed ${found.seed}` : 'SURVIVED';
        const moved = found && found.seed !== mutant.seed ? `, not by seed ${mutant.seed}` : '';
        console.log(`${verdict}${moved}: ${mutant.name}${found ? ` — ${found.broken?.split('\n')[0]}` : ''}`);
      }
    }),
  );
  console.log(`${chosen.length - survived} of ${chosen.length} mutants found`);
  return survived === 0 ? 0 : 1;
}
