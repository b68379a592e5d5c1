/** The faults that can be switched on while the simulated MAX runs. */
import { z } from 'zod';

/** The kinds of faulty responses. From `non_json` on, they apply only to requests for a chat that would otherwise succeed. */
export const faults = [
  '429',
  '500',
  '503',
  'timeout',
  'reset',
  'html',
  'non_json',
  'missing_count',
  'negative_count',
  'fractional_count',
  'wrong_chat_id',
] as const;
export type Fault = (typeof faults)[number];

const milliseconds = z.number().min(0).max(600_000);

const patchSchema = z
  .strictObject({
    /** Probability of each fault per request; together at most 1. */
    errors: z.partialRecord(z.enum(faults), z.number().min(0).max(1)),
    latency_ms: milliseconds,
    /** Response times are latency_ms ± jitter_ms, evenly distributed. */
    jitter_ms: milliseconds,
    /** All requests get a 503 until this time (Unix ms, on the simulator's clock); null: no outage. */
    outage_until: z.number().int().nullable(),
    /** `Retry-After` of every 429 and 503, s; null: none, because MAX documents none. */
    retry_after_s: z.number().int().min(0).nullable(),
    /** Refuses even the correct token. */
    reject_token: z.boolean(),
    /** Joins and leaves do not move a chat's `last_event_time`; messages do. */
    silent_joins: z.boolean(),
  })
  .partial();
export interface Switches {
  readonly errors: Readonly<Record<Fault, number>>;
  readonly latency_ms: number;
  readonly jitter_ms: number;
  readonly outage_until: number | null;
  readonly retry_after_s: number | null;
  readonly reject_token: boolean;
  readonly silent_joins: boolean;
}

/** A change of switches. Switches that it omits keep their values. */
export type SwitchesPatch = Partial<Omit<Switches, 'errors'>> & { readonly errors?: Partial<Switches['errors']> };

export const allWell: Switches = {
  errors: Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>,
  latency_ms: 40,
  jitter_ms: 20,
  outage_until: null,
  retry_after_s: null,
  reject_token: false,
  silent_joins: false,
};

/** Applies a patch after validating it. Throws a ZodError for an invalid patch, a RangeError if the probabilities exceed 1. */
export function turn(switches: Switches, patch: SwitchesPatch): Switches {
  const { errors, ...rest } = patchSchema.parse(patch);
  const turned = { ...switches, ...rest, errors: { ...switches.errors, ...errors } } as Switches;
  const sum = Object.values(turned.errors).reduce((total, probability) => total + probability, 0);
  if (sum > 1 + 1e-9) throw new RangeError(`errors: probabilities add up to ${sum}, more than 1`);
  return turned;
}

/** Returns the fault for a uniform `draw` from [0, 1), or null for none. */
export function faultAt(errors: Switches['errors'], draw: number): Fault | null {
  let reached = 0;
  for (const fault of faults) {
    reached += errors[fault];
    if (draw < reached) return fault;
  }
  return null;
}
