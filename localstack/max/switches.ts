/** What can be made to go wrong at the simulated MAX while it runs. */
import { z } from 'zod';

/** How an answer can be spoiled. From `non_json` on they strike only reads of a chat that would have succeeded. */
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
    /** Answers take latency_ms ± this, evenly spread. */
    jitter_ms: milliseconds,
    /** Every request is answered 503 until this moment (unix milliseconds, by the simulator's clock); null: no outage. */
    outage_until: z.number().int().nullable(),
    /** Sent as `Retry-After` with every 429 and 503; null: not sent, as MAX documents none. */
    retry_after_s: z.number().int().min(0).nullable(),
    /** The right token is refused too. */
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

/** A change of switches: what it leaves out stays as it is. */
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

/** Checks the patch itself, as it may come from outside: throws a ZodError for a patch that breaks the rules, a RangeError for faults likelier than certain. */
export function turn(switches: Switches, patch: SwitchesPatch): Switches {
  const { errors, ...rest } = patchSchema.parse(patch);
  const turned = { ...switches, ...rest, errors: { ...switches.errors, ...errors } } as Switches;
  const sum = Object.values(turned.errors).reduce((total, probability) => total + probability, 0);
  if (sum > 1 + 1e-9) throw new RangeError(`errors: probabilities add up to ${sum}, more than 1`);
  return turned;
}

/** The fault that a uniform `draw` from [0, 1) hits, if any. */
export function faultAt(errors: Switches['errors'], draw: number): Fault | null {
  let reached = 0;
  for (const fault of faults) {
    reached += errors[fault];
    if (draw < reached) return fault;
  }
  return null;
}
