import type { DueChat } from './count-store.ts';

/** Where a plan that ran out of time goes on. */
export interface PlanStore {
  readCursor(): Promise<DueChat | undefined>;
  writeCursor(cursor: DueChat | undefined): Promise<void>;
}
