/** The results of a part of the benchmark. */

export interface PartOptions {
  /** Whether to use smaller sizes. Quick results are not recorded. */
  readonly quick: boolean;
}

/** A figure of the record: a goal, or a figure that explains one. */
export interface Figure {
  /** `P1`, or empty if the figure is not a goal. */
  readonly goal: string;
  readonly what: string;
  /** The value that the goal requires. */
  readonly bound: string;
  readonly measured: string;
  /** The same figure of the peer or bound. */
  readonly peer: string;
  /** `undefined` if the figure is not a goal. */
  readonly reached: boolean | undefined;
}

export interface PartResult {
  readonly figures: readonly Figure[];
  /** Further tables, each with a heading. */
  readonly tables?: readonly Table[];
  /** Facts that a reader needs to judge the figures: sizes, and why a goal was missed. */
  readonly notes?: readonly string[];
  readonly plots?: readonly Plot[];
  /** Stored as JSON. */
  readonly data: unknown;
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface Plot {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

export type Part = (options: PartOptions) => Promise<PartResult>;
