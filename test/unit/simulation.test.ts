import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareScripts } from '../simulation/compare-scripts.ts';
import { MUTANTS } from '../simulation/mutants.ts';
import { simulate } from '../simulation/world.ts';

describe('the simulation', () => {
  test('breaks no invariant, and a seed replays bit for bit', async () => {
    const once = await simulate({ seed: 1, hours: 6 });
    expect(await simulate({ seed: 1, hours: 6 })).toEqual(once);
    expect(once.requests).toBeGreaterThan(100);
    expect(once.killed).toBeGreaterThan(0);
  }, 120_000);

  test('runs the same day with the Lua scripts and with their model', async () => {
    const [lua, model] = await Promise.all(
      (['lua', 'model'] as const).map((scripts) => simulate({ seed: 4, hours: 3, scripts })),
    );
    expect(model).toEqual(lua);
  }, 120_000);

  test('has a model of the scripts that agrees with them on random calls', () => {
    for (let seed = 0; seed < 4; seed += 1) expect(() => compareScripts(seed, 1_000)).not.toThrow();
  }, 120_000);

  test('another seed is another day', async () => {
    const [one, other] = await Promise.all([2, 3].map((seed) => simulate({ seed, hours: 1 })));
    expect(one?.fingerprint).not.toBe(other?.fingerprint);
  }, 120_000);

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('has a mutant: %s', (_, { file, from, to }) => {
    const pieces = readFileSync(join(import.meta.dirname, '../..', file), 'utf8').split(from);
    expect(pieces).toHaveLength(2);
    expect(to).not.toBe(from);
  });
});
