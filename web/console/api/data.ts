import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** Values of the API for pages. A page shows the last known value until a newer one arrives. */

interface Kept {
  readonly value: unknown;
  readonly at: number;
}
const kept = new Map<string, Kept>();

/** Removes all values, for example when another person signs in. */
export const forgetData = () => kept.clear();

export interface Data<T> {
  readonly value: T | undefined;
  /** When `value` arrived, Unix ms. */
  readonly at: number | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly reload: () => void;
  /** Sets a value that the page knows without a request. */
  readonly put: (value: T) => void;
}

/**
 * @param key the name of the value; `undefined` sends no request.
 * @param everyMs time between two requests while the page is visible, ms.
 */
export function useData<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Data<T> {
  const [, redraw] = useState(0);
  const state = useRef<{ error: unknown; loading: boolean; request: AbortController | undefined }>({
    error: undefined,
    loading: false,
    request: undefined,
  });
  const loadNow = useRef(load);
  loadNow.current = load;

  const reload = useCallback(() => {
    if (key === undefined) return;
    state.current.request?.abort();
    const request = new AbortController();
    state.current = { ...state.current, loading: true, request };
    redraw((n) => n + 1);
    loadNow.current(request.signal).then(
      (value) => {
        if (request.signal.aborted) return;
        kept.set(key, { value, at: Date.now() });
        state.current = { error: undefined, loading: false, request: undefined };
        redraw((n) => n + 1);
      },
      (error) => {
        if (request.signal.aborted) return;
        state.current = { error, loading: false, request: undefined };
        redraw((n) => n + 1);
      },
    );
  }, [key]);

  useEffect(() => {
    state.current.error = undefined;
    reload();
    const again = () => {
      if (document.visibilityState === 'visible') reload();
    };
    const timer = everyMs === undefined ? undefined : setInterval(again, everyMs);
    addEventListener('online', again);
    return () => {
      clearInterval(timer);
      removeEventListener('online', again);
      state.current.request?.abort();
    };
  }, [reload, everyMs]);

  const known = key === undefined ? undefined : kept.get(key);
  const { error, loading } = state.current;
  return {
    value: known?.value as T | undefined,
    at: known?.at,
    error,
    loading,
    reload,
    put(value) {
      if (key !== undefined) kept.set(key, { value, at: Date.now() });
      redraw((n) => n + 1);
    },
  };
}
