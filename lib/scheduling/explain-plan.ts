import type { Clock } from '../base/clock.ts';
import type { ReadableChat, StoredChat } from '../chats/chat.ts';
import { isReadable } from '../chats/chat.ts';
import { beliefOf, isDirty, isKnownCorrect } from '../chats/planning.ts';
import { type BudgetSettings, budgetPerHour } from '../planner/budget.ts';
import { measuredAccuracy, measuredFreshness } from '../planner/findings.ts';
import { stillCorrect } from '../planner/interval.ts';
import type { SchedulingContext } from '../planner/plan.ts';
import { expectedFreshness, MIN_PRICE } from '../planner/price.ts';
import type { Price } from '../planner/sync.ts';
import { viewsPerHour } from '../planner/view-rate.ts';
import { outlookAt, type SampledChat, whatIf } from '../planner/what-if.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { CountStore } from '../state/count-store.ts';
import type { PlannerStore } from '../state/planner-store.ts';
import { type SubscriptionState, type SubscriptionStore, subscriptionState } from '../state/subscription.ts';

/**
 * Service-wide freshness, estimated from a uniform sample of chats, so that its cost does not grow with their number. A small
 * service is read completely. Round trips: 1 GetItem, then 1 BatchGetItem for every 100 sampled chats.
 */

/** Size of the sample. The standard error of a share is at most 2 percentage points: √(¼ / 500). */
const SAMPLE = 500;

interface OverviewDeps {
  readonly chatStore: Pick<ChatStore, 'getMany' | 'lastId' | 'total'>;
  readonly countStore: Pick<CountStore, 'countDue' | 'due'>;
  readonly clock: Clock;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
}

type Readable = StoredChat & { readonly chat: ReadableChat };

/** Draws chats whose count can be read, by id. Ids are assigned in order, and few are deleted. */
async function sampleChats({ chatStore, random }: OverviewDeps): Promise<Readable[]> {
  const last = await chatStore.lastId();
  const ids = new Set<number>();
  if (last <= SAMPLE) for (let id = 1; id <= last; id += 1) ids.add(id);
  else while (ids.size < SAMPLE) ids.add(1 + Math.floor(random() * last));
  const stored = await chatStore.getMany([...ids]);
  return [...stored.values()].filter((one): one is Readable => isReadable(one.chat));
}

const round = (value: number): number => Math.round(value * 10) / 10;

export interface Staleness {
  readonly total: number;
  /** Exact number of chats that are due and were not yet read. */
  readonly stale: number;
  /** Age of the oldest count, in seconds, among the sample and the chat that has been due longest. */
  readonly oldestSeconds: number;
  /** Share of the sampled counts that are fresher than one hour, 0 to 1. */
  readonly fresherThanHour: number;
}

/** Measures staleness. Round trips: those of the sample, and 1 Query for every 1 MB of the due index. */
export const createMeasureStaleness = (deps: OverviewDeps) => async (): Promise<Staleness> => {
  const now = deps.clock.now();
  const [total, stale, longestDue, sample] = await Promise.all([
    deps.chatStore.total('all'),
    deps.countStore.countDue(now),
    deps.countStore.due(now, 1, undefined),
    sampleChats(deps),
  ]);
  const readAt = sample.flatMap(({ readAt }) => readAt ?? []);
  const oldest = Math.min(now, ...readAt, ...longestDue.map(({ readAt, dueAt }) => readAt ?? dueAt));
  return {
    total,
    stale,
    oldestSeconds: Math.round((now - oldest) / 1_000),
    fresherThanHour: shareFresherThanHour(sample, now) ?? 1,
  };
};

/** Returns the share of the sampled counts that are fresher than one hour; `null` of an empty sample. */
function shareFresherThanHour(sample: readonly Readable[], now: number): number | null {
  const fresh = sample.filter(({ readAt }) => readAt !== null && now - readAt < 3_600_000).length;
  return sample.length === 0 ? null : fresh / sample.length;
}

export interface Plan {
  /** Requests per hour of the planner's budget. */
  readonly budget_per_hour: number;
  /** Requests per hour that the chats need at the present price. */
  readonly requests_per_hour: number | null;
  /** The shadow price: the correct views that a request must be expected to gain. `null` before the first sync, also below. */
  readonly kappa: number | null;
  readonly planned_at: string | null;
  readonly chats: number;
  readonly due: number;
  /** Estimated from the sample: chats with trusted events, and chats that changed since they were read. */
  readonly trusted: number;
  readonly dirty: number;
  readonly never_read: number;
  /** Share of the sampled counts that are fresher than one hour; `null` of an empty sample. */
  readonly fresher_than_hour: number | null;
  readonly sampled: number;
  /** Since when events arrive, or since when they may be lost. */
  readonly subscription: { readonly state: SubscriptionState['state']; readonly since: string | null };
  readonly reads_per_hour: number | null;
  /** The signals that the planner uses beside the differences of counts. `null` before the first sync. */
  readonly signals: PlanSignals | null;
  /** Half of the chats change at least this often. */
  readonly median_changes_per_day: number | null;
  /** Share of correct views over the last day, as expected, and as measured by refreshes. */
  readonly expected_freshness: number | null;
  readonly measured_freshness: number | null;
  /** Share of correct counts, viewed or not: as expected for the sample now, and as measured by refreshes of the last day. */
  readonly expected_accuracy: number | null;
  readonly measured_accuracy: number | null;
  readonly what_if: WhatIf | null;
}

export interface PlanSignals {
  /** How ln λ grows with ln(1 + count); `null`: no count is known yet. */
  readonly size: { readonly slope: number | null };
  /** Whether the times of last events are used, and the share of the differences that contradict them; `null`: there were none. */
  readonly last_event: { readonly in_use: boolean; readonly contradicted: number | null };
}

export interface WhatIf {
  readonly rps: number;
  readonly budget_per_hour: number;
  readonly kappa: number;
  readonly expected_freshness: number;
  readonly requests_per_hour: number;
}

/** Explains the plan. @param rps adds an estimate for another quota, in requests per second, with the same background share. */
export const createExplainPlan =
  (
    deps: OverviewDeps & {
      readonly plannerStore: Pick<PlannerStore, 'readPrice'>;
      readonly subscriptionStore: Pick<SubscriptionStore, 'read'>;
      readonly settings: BudgetSettings;
    },
  ) =>
  async (rps: number | undefined): Promise<Plan> => {
    const now = deps.clock.now();
    const [price, subscription, chats, due, sample] = await Promise.all([
      deps.plannerStore.readPrice(),
      deps.subscriptionStore.read(),
      deps.chatStore.total('all'),
      deps.countStore.countDue(now),
      sampleChats(deps),
    ]);
    const ofAll = (some: readonly Readable[]) =>
      sample.length === 0 ? 0 : Math.round((some.length / sample.length) * chats);
    const { context, state } = price ?? {};
    const subscribed = subscriptionState(subscription, now);
    const events = subscribed.state === 'confirmed';
    const isTrusted = ({ planning }: Readable) => events && planning.eventsTrustedSince !== null;
    const sampledBy = (context: SchedulingContext) => {
      const mean = context.meanViewsPerHour;
      return sample.map((chat): SampledChat => {
        const { learnt } = chat.planning;
        return {
          weight: chats / sample.length,
          change: beliefOf(learnt, context),
          viewsPerHour: learnt ? viewsPerHour(learnt.views, mean) : mean,
          trusted: isTrusted(chat),
        };
      });
    };
    const sampled = context ? sampledBy(context) : [];
    const whatIfAt = (rps: number, context: SchedulingContext): WhatIf => {
      const other = budgetPerHour({ ...deps.settings, rps });
      const otherwise = whatIf(sampled, other, context.limits, MIN_PRICE);
      return {
        rps,
        budget_per_hour: round(other),
        kappa: otherwise.kappa,
        expected_freshness: otherwise.freshness,
        requests_per_hour: round(otherwise.requestsPerHour),
      };
    };
    return {
      budget_per_hour: round(budgetPerHour(deps.settings)),
      requests_per_hour: context ? round(outlookAt(sampled, context.kappa, context.limits).requestsPerHour) : null,
      kappa: context?.kappa ?? null,
      planned_at: price ? new Date(price.tickedAt).toISOString() : null,
      chats,
      due,
      trusted: ofAll(sample.filter(isTrusted)),
      dirty: ofAll(sample.filter(isDirty)),
      never_read: ofAll(sample.filter(({ readAt }) => readAt === null)),
      fresher_than_hour: shareFresherThanHour(sample, now),
      sampled: sample.length,
      subscription: {
        state: subscribed.state,
        since: subscribed.since === null ? null : new Date(subscribed.since).toISOString(),
      },
      reads_per_hour: state ? round(state.viewsPerHour) : null,
      signals: price ? signalsOf(price) : null,
      median_changes_per_day: context ? Math.exp(context.population.mean) * 24 : null,
      expected_freshness: state ? expectedFreshness(state) : null,
      measured_freshness: price ? measuredFreshness(price) : null,
      expected_accuracy: context ? expectedAccuracy(sample, context, events, now) : null,
      measured_accuracy: price ? measuredAccuracy(price) : null,
      what_if: context && rps !== undefined ? whatIfAt(rps, context) : null,
    };
  };

const signalsOf = ({ context, state }: Pick<Price, 'context' | 'state'>): PlanSignals => ({
  size: { slope: context.population.bySize?.slope ?? null },
  last_event: {
    in_use: context.lastEventReliable,
    contradicted: state.differences > 0 ? state.contradicted / state.differences : null,
  },
});

/**
 * Returns the expected share of the sampled counts that are correct at `now`. Counts with trusted events are known to be correct;
 * for the others, the age and the change rate decide.
 */
function expectedAccuracy(
  sample: readonly Readable[],
  context: SchedulingContext,
  events: boolean,
  now: number,
): number | null {
  const right = sample.reduce((sum, chat) => {
    if (chat.readAt === null || isDirty(chat)) return sum;
    if (events && isKnownCorrect(chat)) return sum + 1;
    return sum + stillCorrect(beliefOf(chat.planning.learnt, context), (now - chat.readAt) / 3_600_000);
  }, 0);
  return sample.length === 0 ? null : right / sample.length;
}
