/** The request limit of API Gateway: `rate` per second on average, `burst` at once. */
export interface Throttling {
  readonly rate: number;
  readonly burst: number;
}

/**
 * Creates a token bucket like that of API Gateway. `takes` returns false for requests over the limit.
 * @param now a clock, ms.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
 */
export function createThrottle({ rate, burst }: Throttling, now: () => number): { takes(): boolean } {
  let tokens = burst;
  let filledAt = now();
  return {
    takes() {
      const at = now();
      tokens = Math.min(burst, tokens + ((at - filledAt) / 1_000) * rate);
      filledAt = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
