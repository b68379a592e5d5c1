/** How a worker ends at one of its calls: the call fails, or the worker dies before or after it. */
export type Death = 'the call fails' | 'dies before the call' | 'dies after the call';
export const DEATHS: readonly Death[] = ['the call fails', 'dies before the call', 'dies after the call'];

export interface Worker {
  /** Returns the port for this worker. After the worker's death, calls have no effect and never settle. */
  through<T extends object>(port: T, options?: { readonly neverFails?: boolean }): T;
  /** Resolves when the worker dies. */
  readonly dead: Promise<'dead'>;
}

/** Creates workers. One of them fails or dies at the `at`-th call of all workers, counted from 0. */
export function mortals(death: Death, at: number) {
  let calls = 0;
  let met = false;

  function worker(): Worker {
    const { promise: dead, resolve } = Promise.withResolvers<'dead'>();
    let alive = true;
    const die = () => {
      alive = false;
      resolve('dead');
    };
    const never = new Promise<never>(() => {});

    async function call(act: () => unknown, neverFails: boolean): Promise<unknown> {
      if (!alive) return never;
      if (neverFails && death === 'the call fails') return act();
      const mine = !met && calls === at;
      calls += 1;
      if (!mine) {
        const result = await act();
        return alive ? result : never;
      }
      met = true;
      if (death === 'the call fails') throw new Error('as the test wants it');
      if (death === 'dies after the call') await act();
      die();
      return never;
    }

    return {
      dead,
      through: (port, { neverFails = false } = {}) =>
        new Proxy(port, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name);
            if (typeof value !== 'function') return value;
            return (...given: unknown[]) => call(() => value.apply(target, given), neverFails);
          },
        }),
    };
  }

  return {
    worker,
    /** Whether the failure has happened. If not, there were fewer calls. */
    get met() {
      return met;
    },
  };
}
