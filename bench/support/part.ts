/** What a part of the benchmark gives back. */

export interface PartOptions {
  /** Smaller sizes: for a look, not for the record. */
  readonly quick: boolean;
}

/** A line of the record: a figure of goals.md, or one that explains it. */
export interface Figure {
  /** `P1`, or empty for what has no goal. */
  readonly goal: string;
  readonly what: string;
  /** What the goal asks for. */
  readonly bound: string;
  readonly measured: string;
  /** The same of whatever it is compared with. */
  readonly peer: string;
  /** `undefined` where there is nothing to reach. */
  readonly reached: boolean | undefined;
}

export interface PartResult {
  readonly figures: readonly Figure[];
  /** More tables, with a heading each. */
  readonly tables?: readonly Table[];
  /** What a reader must know to judge the figures: sizes, reasons for what was not reached. */
  readonly notes?: readonly string[];
  readonly plots?: readonly Plot[];
  /** Kept as JSON. */
  readonly data: unknown;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Plot {
  /** File name without ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

export type Part = (options: PartOptions) => Promise<PartResult>;
