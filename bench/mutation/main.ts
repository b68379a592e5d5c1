import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ToolError } from '../../tools/command-line.ts';
import type { Figure, Part } from '../support/part.ts';

/**
 * R12: the mutation score of `lib/`, one room after another. MUTATION_ROOMS names some of them, separated by commas. The quick run
 * takes the smallest.
 */

const ROOT = join(import.meta.dirname, '../..');
const STRYKER = join(ROOT, 'node_modules/.bin/stryker');
/** `jsonReporter` of test/mutation/stryker.config.json. */
const REPORT = join(ROOT, '.local/mutation.json');
const SMALLEST = 'base';
const ASKED = 85;
/** The tests of these rooms need servers: test/mutation/stryker.config.json leaves them out. */
const LEFT_OUT = ['adapters', 'runtime'];
const ROOMS = readdirSync(join(ROOT, 'lib')).filter((room) => !LEFT_OUT.includes(room));

const OUTCOMES = ['Killed', 'Timeout', 'Survived', 'NoCoverage'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Stryker's report, as far as it is read here. Mutants with another status are not counted. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

interface Room {
  readonly name: string;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly minutes: number;
}

export const run: Part = async ({ quick }) => {
  const rooms: Room[] = [];
  for (const name of quick ? [SMALLEST] : chosenRooms()) {
    const room = await mutate(name);
    console.log(`lib/${name}: ${score(room.counts).toFixed(1)} % in ${room.minutes.toFixed(1)} minutes`);
    rooms.push(room);
  }
  return {
    figures: [
      scored('`lib/`, all measured rooms', sum(rooms)),
      ...rooms.map((room) => scored(`\`lib/${room.name}\``, room.counts)),
    ],
    tables: [
      {
        title: 'Mutants',
        head: ['room', 'tested', 'killed', 'without end', 'survived', 'not covered', 'minutes'],
        rows: rooms.map(({ name, counts, minutes }) => [
          ...[name, tested(counts)],
          ...OUTCOMES.map((outcome) => counts[outcome]),
          minutes.toFixed(1),
        ]),
      },
    ],
    notes: [
      'A mutant changes one place of the code: a condition, an operator, a text. It is killed if a unit test then fails, and counts ' +
        'as killed if the tests do not end. Not counted are mutants of values that are computed at import.',
      `\`lib/${LEFT_OUT.join('` and `lib/')}\` are left out, because their tests need servers.`,
    ],
    data: rooms,
  };
};

function chosenRooms(): readonly string[] {
  const named = process.env.MUTATION_ROOMS ? process.env.MUTATION_ROOMS.split(',') : ROOMS;
  const unknown = named.find((name) => !ROOMS.includes(name));
  if (unknown !== undefined)
    throw new ToolError(`MUTATION_ROOMS: there is no room "${unknown}"; there are ${ROOMS.join(', ')}.`);
  return named;
}

/** @throws if Stryker ends without a report, which it does if a test fails before anything is changed. */
async function mutate(name: string): Promise<Room> {
  const startedAt = performance.now();
  await rm(REPORT, { force: true });
  const files = ['--mutate', `lib/${name}/**/*.ts`, '--concurrency', String(availableParallelism())];
  const stryker = spawn(STRYKER, ['run', 'test/mutation/stryker.config.json', ...files], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(stryker, 'exit');
  const report = JSON.parse(await readFile(REPORT, 'utf8')) as Report;
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const counts = countsOf((outcome) => mutants.filter(({ status }) => status === outcome).length);
  return { name, counts, minutes: (performance.now() - startedAt) / 60_000 };
}

const countsOf = (count: (outcome: Outcome) => number) =>
  Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(outcome)])) as Record<Outcome, number>;

const sum = (rooms: readonly Room[]): Room['counts'] =>
  countsOf((outcome) => rooms.reduce((added, { counts }) => added + counts[outcome], 0));

const tested = (counts: Room['counts']) => OUTCOMES.reduce((added, outcome) => added + counts[outcome], 0);

/** Returns the killed share, in per cent. */
const score = (counts: Room['counts']) => (100 * (counts.Killed + counts.Timeout)) / tested(counts);

const scored = (what: string, counts: Room['counts']): Figure => ({
  goal: 'R12',
  what: `mutation score of ${what}`,
  bound: `≥ ${ASKED} %`,
  measured: `${score(counts).toFixed(1)} %`,
  peer: '–',
  reached: score(counts) >= ASKED,
});
