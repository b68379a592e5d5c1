import type { Population } from './change-rate.ts';

/**
 * Learns how the change rate of a chat depends on its size: a line of ln λ over x = ln(1 + count), by least squares over all chats.
 * All members are sums, so those of several workers can be added.
 */
export interface SizeSums {
  /** Chat-hours with a known count, and over them the sums of x, x², E[ln λ] and x·E[ln λ]. */
  readonly sizedHours: number;
  readonly logSize: number;
  readonly squaredLogSize: number;
  readonly sizedLogRate: number;
  readonly logSizeLogRate: number;
}

export const NO_SIZE_SUMS: SizeSums = {
  ...{ sizedHours: 0, logSize: 0, squaredLogSize: 0, sizedLogRate: 0, logSizeLogRate: 0 },
};

/** Returns the sums of a chat with `count` participants over some hours. @param meanLogRate the chat's E[ln λ]. */
export function sizeSums(count: number | null, hours: number, meanLogRate: number): SizeSums {
  if (count === null) return NO_SIZE_SUMS;
  const x = Math.log1p(count);
  return {
    sizedHours: hours,
    logSize: x * hours,
    squaredLogSize: x * x * hours,
    sizedLogRate: meanLogRate * hours,
    logSizeLogRate: x * meanLogRate * hours,
  };
}

/** Adds two sums. @param kept the weight of `a`, 0 to 1. */
export const addSizeSums = (a: SizeSums, b: SizeSums, kept = 1): SizeSums => ({
  sizedHours: a.sizedHours * kept + b.sizedHours,
  logSize: a.logSize * kept + b.logSize,
  squaredLogSize: a.squaredLogSize * kept + b.squaredLogSize,
  sizedLogRate: a.sizedLogRate * kept + b.sizedLogRate,
  logSizeLogRate: a.logSizeLogRate * kept + b.logSizeLogRate,
});

/** Limit of the slope. With 1, each member joins or leaves equally often in chats of any size. */
const MAX_SLOPE = 2;

/**
 * Returns the line, and the sum of squares that it explains; `undefined` before any count is known.
 * @param evenHours chat-hours of equal rates that are added, with a variance of x of 1, so that a few chats give no steep line.
 */
export function fitLine(
  sums: SizeSums,
  evenHours: number,
): { readonly bySize: NonNullable<Population['bySize']>; readonly explained: number } | undefined {
  const { sizedHours, logSize, squaredLogSize, sizedLogRate, logSizeLogRate } = sums;
  if (sizedHours <= 0) return undefined;
  const meanLogSize = logSize / sizedHours;
  const spread = Math.max(0, squaredLogSize - meanLogSize * logSize);
  const shared = logSizeLogRate - meanLogSize * sizedLogRate;
  const slope = Math.min(MAX_SLOPE, Math.max(-MAX_SLOPE, shared / (spread + evenHours)));
  return { bySize: { slope, meanLogSize }, explained: slope * (2 * shared - slope * spread) };
}
