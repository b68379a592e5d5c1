import { AsyncLocalStorage } from 'node:async_hooks';
import type { MaxApi } from '../../lib/max-api/api.ts';
import type { Permits } from '../../lib/max-api/permits.ts';
import type { MaxResponse, RequestOptions } from '../../lib/refreshing/request-max.ts';

/** One piece of work that sends requests to MAX, with the permits that it has not used. */
interface Work {
  unused: number;
}

type SendRequests<A extends unknown[], R> = (...args: A) => Promise<MaxResponse<R>>;

/**
 * The account of the permits of one environment. Each request needs a permit of its own work, and each permit is used once. Work
 * that ends may only return a permit that came too late for it.
 */
export class PermitAccount {
  /** Slots that the model of Redis granted. */
  slots = 0;
  /** Permits that came too late for their work. */
  returned = 0;
  readonly #misused: (message: string) => void;
  readonly #work = new AsyncLocalStorage<Work>();

  /** @param misused called with a description of each misused permit. */
  constructor(misused: (message: string) => void) {
    this.#misused = misused;
  }

  /** Returns permits that are counted as those of the work that acquires them. */
  permits(permits: Permits): Permits {
    return {
      ...permits,
      acquire: async (lane, maxWaitMs) => {
        const permit = await permits.acquire(lane, maxWaitMs);
        const work = this.#work.getStore();
        if (permit.granted && work) work.unused += 1;
        return permit;
      },
    };
  }

  /** Returns an API in which each request uses a permit of the work that sends it. */
  api(api: MaxApi): MaxApi {
    return new Proxy(api, {
      get: (target, name: keyof MaxApi) => {
        const call = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const work = this.#work.getStore();
          if (!work || work.unused < 1) this.#misused('a request to MAX has no permit');
          else work.unused -= 1;
          return call(...args);
        };
      },
    });
  }

  /** Returns `send` as one piece of work. */
  work<A extends [...unknown[], RequestOptions], R>(send: SendRequests<A, R>): SendRequests<A, R> {
    return async (...args) => {
      const work = { unused: 0 };
      const response = await this.#work.run(work, () => send(...args));
      const mayReturn = response.kind === 'not_permitted' ? 1 : 0;
      if (work.unused > mayReturn) this.#misused(`work has ended with ${work.unused} permits that it did not use`);
      this.returned += work.unused;
      return response;
    };
  }
}
