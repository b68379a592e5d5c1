import { type ChangeBelief, UNKNOWN_POPULATION } from '../../lib/planner/change-rate.ts';
import { logDifference } from '../../lib/planner/steps.ts';
import { at } from './random.ts';

/**
 * Learns the change rate of each chat by Bayes's rule on a grid of rates, without an approximation. It shows how much the readings
 * say at all: `difference` uses by how much a count differs, `changed` only whether it does.
 */
export class IdealLearner {
  readonly #logs: Float64Array;
  readonly #uses: 'difference' | 'changed';

  constructor(chats: number, uses: 'difference' | 'changed') {
    this.#uses = uses;
    this.#logs = new Float64Array(chats * POINTS);
    for (let nth = 0; nth < this.#logs.length; nth += 1) {
      const z = (logRate(nth % POINTS) - UNKNOWN_POPULATION.mean) / Math.sqrt(UNKNOWN_POPULATION.variance);
      this.#logs[nth] = (-z * z) / 2;
    }
  }

  learn(chat: number, hours: number, difference: number): void {
    for (let point = 0; point < POINTS; point += 1) {
      const steps = hours * Math.exp(logRate(point));
      const equal = logDifference(0, steps);
      const differs = Math.log(Math.max(-Math.expm1(equal), Number.MIN_VALUE));
      const changed = difference === 0 ? equal : differs;
      const added = this.#uses === 'changed' ? changed : logDifference(difference, steps);
      this.#logs[chat * POINTS + point] = at(this.#logs, chat * POINTS + point) + added;
    }
  }

  /** Returns mean and variance of the posterior. */
  beliefOf(chat: number): ChangeBelief {
    const logs = this.#logs.subarray(chat * POINTS, (chat + 1) * POINTS);
    const highest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY);
    let [sum, first, second] = [0, 0, 0];
    for (let point = 0; point < POINTS; point += 1) {
      const weight = Math.exp(at(logs, point) - highest);
      sum += weight;
      first += weight * logRate(point);
      second += weight * logRate(point) ** 2;
    }
    const mean = first / sum;
    return { mean, variance: Math.max(1e-4, second / sum - mean * mean) };
  }
}

/** From once in 190 years to 150 times an hour, with ten points for each factor of 8. */
const POINTS = 92;
const logRate = (point: number): number => -14.3 + 0.21 * point;
