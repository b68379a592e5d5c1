import { addFindings, type Findings, NO_FINDINGS } from '../../../lib/planner/findings.ts';
import type { Price } from '../../../lib/planner/sync.ts';
import type { Cursor } from '../../../lib/state/count-store.ts';
import type { PlannerStore } from '../../../lib/state/planner-store.ts';

/** What the planner keeps, in memory. */
export function createMemoryPlannerStore(): PlannerStore {
  let cursor: Cursor | undefined;
  let price: Price | undefined;
  let findings: Findings = NO_FINDINGS;
  return {
    async readCursor() {
      return cursor;
    },
    async writeCursor(next) {
      cursor = next;
    },
    async readPrice() {
      return price;
    },
    async addFindings(more) {
      const { again } = findings;
      findings = addFindings(findings, more);
      return again;
    },
    async readFindings() {
      return findings;
    },
    async writePrice(next, made) {
      price = next;
      findings = addFindings(findings, negated(made));
    },
  };
}

const negated = (findings: Findings): Findings => {
  const entries = Object.entries(findings).map(([name, value]) => [name, -value]);
  return Object.fromEntries(entries) as Findings;
};
