import type { ChatAnswer, MaxApi, MaxError, MembershipAnswer, Subscription } from '../../lib/max-api/api.ts';
import type { ChatUpdate } from '../../lib/max-api/updates.ts';
import type { Engine, Environment } from './engine.ts';

/** The true state of a chat in MAX. */
export interface TrueChat {
  readonly id: string;
  count: number;
  status: 'active' | 'left' | 'removed' | 'closed' | 'suspended' | 'denied' | 'gone';
  /** Whether MAX sends events for joins and leaves. */
  tells: boolean;
}

/** The part of a response of MAX that contains the count of a chat. */
export interface Answered {
  /** When the request was sent, true time. */
  readonly sentAt: number;
  /** `undefined`: not active. */
  readonly count: number | undefined;
}

/** `storm`: 429 and 503 to most requests. `429`, `503`: to all. `hang`: no responses. `contradict`: another chat's id, which the client refuses. */
export type Mood = 'well' | 'storm' | '429' | '503' | 'hang' | 'contradict';

/** The MAX Bot API in simulated time. It checks the quota and sends events. */
export class MaxModel {
  readonly chats = new Map<string, TrueChat>();
  readonly #answers = new Map<string, Answered[]>();
  /** The arrival times of requests in the last second, true time. */
  readonly arrivals: number[] = [];
  /** Largest number of arrivals in any second so far. */
  worstSecond = 0;
  requests = 0;
  readonly requestsBy = new Map<string, number>();
  /** Requests for a chat's count, by chat. */
  readonly requestsAbout = new Map<string, number>();
  mood: Mood = 'well';
  subscriptions = new Set<string>();
  readonly #engine: Engine;
  readonly #deliver: (update: ChatUpdate) => void;

  /** @param deliver sends an update to the webhook. */
  constructor(engine: Engine, deliver: (update: ChatUpdate) => void) {
    this.#engine = engine;
    this.#deliver = deliver;
  }

  /** Returns the responses to requests about the chat that were sent at this time by the sender's clock. */
  answered(chat: string, askedAt: number): readonly Answered[] {
    return this.#answers.get(`${chat} ${askedAt}`) ?? [];
  }

  /** Lets a participant join or leave. */
  change(chat: TrueChat, by: number): void {
    chat.count = Math.max(0, chat.count + by);
    this.#engine.note(`MAX: ${chat.id} has ${chat.count} participants`);
    if (chat.tells && chat.status === 'active')
      this.tell({ kind: 'members_changed', chat_id: chat.id, at: this.#time() });
  }

  /** Delivers an event, late, twice or not at all. */
  tell(update: ChatUpdate): void {
    const { random } = this.#engine;
    if (this.subscriptions.size === 0 || random() < 0.01) return;
    const copies = random() < 0.1 ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      this.#engine.after(random() * (random() < 0.1 ? 60_000 : 1_000), 'MAX delivers', () => this.#deliver(update));
    }
  }

  #time = () => Math.floor(this.#engine.now);

  /** Returns the API for an environment. */
  api(environment: Environment): MaxApi {
    const exchange = async <A>(timeoutMs: number, answer: () => A | MaxError): Promise<A | MaxError> => {
      const { random } = this.#engine;
      const by = environment.name.split(' ')[0] ?? '';
      this.requests += 1;
      this.requestsBy.set(by, (this.requestsBy.get(by) ?? 0) + 1);
      return new Promise((resolve) => {
        let over = false;
        const end = (value: A | MaxError) => {
          if (over) return;
          over = true;
          environment.resume(() => resolve(value));
        };
        this.#engine.after(timeoutMs, 'MAX timeout', () => end(failure('timeout')));
        // The travel times of two requests may differ by up to 50 ms.
        this.#engine.after(random() * 50, 'MAX arrival', () => {
          this.#arrived();
          if (this.mood === 'hang') return;
          const value = refusal(this.mood, random) ?? answer();
          const reset = random() < 0.005;
          this.#engine.after(random() * 80, 'MAX answer', () => end(reset ? failure('network') : value));
        });
      });
    };
    return {
      getChat: (id, timeoutMs) => {
        const sentAt = this.#engine.now;
        const askedAt = environment.clock.now();
        this.requestsAbout.set(id, (this.requestsAbout.get(id) ?? 0) + 1);
        return exchange<Exclude<ChatAnswer, MaxError>>(timeoutMs, () => {
          const chat = this.chats.get(id);
          if (!chat || chat.status === 'gone') return { kind: 'not_found' };
          if (chat.status === 'denied') return { kind: 'denied' };
          if (this.mood === 'contradict' && this.#engine.random() < 0.5) return failure('server') as never;
          const key = `${id} ${askedAt}`;
          const count = chat.status === 'active' ? chat.count : undefined;
          this.#answers.set(key, [...(this.#answers.get(key) ?? []), { sentAt, count }]);
          this.#engine.note(`MAX answers ${environment.name}: ${id} is ${chat.status} with ${chat.count}`);
          if (chat.status !== 'active') return { kind: 'inactive', status: chat.status };
          return { kind: 'count', count: chat.count, title: null, link: null };
        });
      },
      getMembership: (id, timeoutMs) =>
        exchange<Exclude<MembershipAnswer, MaxError>>(timeoutMs, () => {
          const chat = this.chats.get(id);
          if (!chat || chat.status === 'gone') return { kind: 'not_found' };
          if (chat.status !== 'active') return { kind: 'denied' };
          return { kind: 'membership', receivesMembershipEvents: chat.tells };
        }),
      listSubscriptions: (timeoutMs) =>
        exchange<readonly Subscription[]>(timeoutMs, () => [...this.subscriptions].map((url) => ({ url }))),
      subscribe: (url, _secret, timeoutMs) =>
        exchange<'done'>(timeoutMs, () => {
          this.subscriptions.add(url);
          return 'done';
        }),
      unsubscribe: (url, timeoutMs) =>
        exchange<'done'>(timeoutMs, () => {
          this.subscriptions.delete(url);
          return 'done';
        }),
    };
  }

  #arrived(): void {
    const { now } = this.#engine;
    this.arrivals.push(now);
    while ((this.arrivals[0] ?? now) <= now - 1_000) this.arrivals.shift();
    this.worstSecond = Math.max(this.worstSecond, this.arrivals.length);
  }
}

const failure = (error: MaxError['error'], retryAfterMs?: number): MaxError => ({
  ...{ kind: 'error', error, detail: 'simulated', retryable: error !== 'auth' },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** Returns the error that MAX answers in this mood; `undefined`: it answers the request. */
function refusal(mood: Mood, random: () => number): MaxError | undefined {
  if (mood === '429') return failure('rate_limited');
  if (mood === '503') return failure('server');
  return mood === 'storm' && random() < 0.8 ? throttled(random) : undefined;
}

const throttled = (random: () => number): MaxError =>
  random() < 0.5 ? failure('rate_limited', random() < 0.5 ? 1_000 + random() * 4_000 : undefined) : failure('server');
