import { type ChangeBelief, expectedLifetimeHours } from './change-rate.ts';
import { bestIntervalHours, freshness } from './interval.ts';

/** What is known of a chat that stands for `weight` chats. */
export interface SampledChat {
  readonly weight: number;
  readonly change: ChangeBelief;
  readonly viewsPerHour: number;
  /** Whether every change of it is told by an event. */
  readonly trusted: boolean;
}

export interface Outlook {
  readonly kappa: number;
  /** Expected share of right counts among those measuredViews, 0 to 1. */
  readonly freshness: number;
  /** At this price; equals the budget unless the sample is coarse or the budget more than the chats can use. */
  readonly requestsPerHour: number;
}

/**
 * The price at which the sampled chats ask for `budgetPerHour` (> 0) requests an hour, by bisection, and the freshness
 * that buys; no lower than `minPrice`. Over all chats with known rates (variance 0) this is the optimum itself.
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

/** What the sampled chats ask for at a price, and the freshness that buys. */
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
