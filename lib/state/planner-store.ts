import type { Findings } from '../planner/findings.ts';
import type { Price } from '../planner/sync.ts';
import type { Cursor } from './count-store.ts';

/** Stores the planner's data about all chats together. */
export interface PlannerStore {
  /** Returns the cursor from which the next sync continues, if the last one ran out of time. */
  readCursor(): Promise<Cursor | undefined>;
  writeCursor(cursor: Cursor | undefined): Promise<void>;

  readPrice(): Promise<Price | undefined>;
  /** Adds findings for the next sync. @returns the sum of `again` of all findings added before since the last sync. */
  addFindings(findings: Findings): Promise<number>;
  readFindings(): Promise<Findings>;
  /** Stores a new price and subtracts the findings it is based on, atomically. */
  writePrice(price: Price, made: Findings): Promise<void>;
}
