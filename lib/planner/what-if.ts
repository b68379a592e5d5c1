import { type ChangeBelief, expectedLifetimeHours } from './change-rate.ts';
import { bestIntervalHours, freshness } from './interval.ts';

/** The planner's data about a sampled chat. It represents `weight` chats. */
export interface SampledChat {
  readonly weight: number;
  readonly change: ChangeBelief;
  readonly viewsPerHour: number;
  /** Whether MAX sends an event for every change. */
  readonly trusted: boolean;
}

export interface Outlook {
  readonly kappa: number;
  /** Expected share of correct counts among those viewed, 0 to 1. */
  readonly freshness: number;
  /**
   * Requests per hour at this price. They equal the budget, unless the sample is coarse or the chats can't use the whole budget.
   */
  readonly requestsPerHour: number;
}

/**
 * Returns the price at which the sampled chats need `budgetPerHour` (> 0) requests per hour, and the resulting freshness. Finds
 * the price by bisection; it is at least `minPrice`. For a complete sample with known rates (variance 0) the result is the exact
 * optimum.
 */
export function whatIf(
  sample: readonly SampledChat[],
  budgetPerHour: number,
  limits: { readonly minIntervalMs: number; readonly maxIntervalMs: number },
  minPrice = Math.exp(-60),
): Outlook {
  let low = Math.log(minPrice);
  let high = 60;
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (outlookAt(sample, Math.exp(middle), limits).requestsPerHour > budgetPerHour) low = middle;
    else high = middle;
  }
  return outlookAt(sample, Math.exp(high), limits);
}

/** Returns the requests that the sampled chats need at a price, and the resulting freshness. */
export function outlookAt(
  sample: readonly SampledChat[],
  kappa: number,
  limits: { readonly minIntervalMs: number; readonly maxIntervalMs: number },
): Outlook {
  const least = limits.minIntervalMs / 3_600_000;
  const most = limits.maxIntervalMs / 3_600_000;
  let requests = 0;
  let views = 0;
  let right = 0;
  for (const { weight, change, viewsPerHour, trusted } of sample) {
    views += weight * viewsPerHour;
    if (trusted) {
      const lifetime = expectedLifetimeHours(change);
      const worthIt = viewsPerHour * lifetime >= kappa;
      requests += weight / (worthIt ? Math.min(lifetime, most) : most);
      right += weight * viewsPerHour * (worthIt ? 1 : freshness(change, most));
    } else {
      const hours = bestIntervalHours(change, kappa / viewsPerHour, least, most);
      requests += weight / hours;
      right += weight * viewsPerHour * freshness(change, hours);
    }
  }
  return { kappa, freshness: views > 0 ? right / views : 1, requestsPerHour: requests };
}
