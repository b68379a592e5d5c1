import type { ClaimStore } from '../../../lib/max-api/claims.ts';

export function createMemoryClaimStore(): ClaimStore {
  let shared = 0;
  let local = 0;
  return {
    async claimShared(until) {
      shared = until;
      return local;
    },
    async claimLocal(until, unless) {
      if (shared > unless) return shared;
      local = until;
      return 0;
    },
  };
}

/** Claims for environments that all lose Redis together, so the other side never has a claim. */
export const uncontestedClaims: ClaimStore = { claimShared: async () => 0, claimLocal: async () => 0 };
