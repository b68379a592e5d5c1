import type { Findings } from '../planner/findings.ts';
import type { Price } from '../planner/sync.ts';
import type { Cursor } from './count-store.ts';

/** What the planner keeps of all chats together. */
export interface PlannerStore {
  /** Where a plan that ran out of time goes on. */
  readCursor(): Promise<Cursor | undefined>;
  writeCursor(cursor: Cursor | undefined): Promise<void>;

  readPrice(): Promise<Price | undefined>;
  /** Adds to what the next tick takes. @returns the `again` of all added before since the last tick. */
  addFindings(findings: Findings): Promise<number>;
  readFindings(): Promise<Findings>;
  /** Puts a new price into force, and takes away the findings it was made of; both or none. */
  writePrice(price: Price, made: Findings): Promise<void>;
}
