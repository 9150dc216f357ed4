import type { Row } from "./result.ts";

/** One file of this folder that measures something. */
export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  /** What is compared with what, in a few words. */
  readonly summary: string;
  /** Measures. Rejects when something breaks, but not because of a missed goal.
   * @param say tells the person who waits */
  readonly run: (say: (line: string) => void) => Promise<readonly Row[]>;
}
