import type { Route } from "../routes/route.ts";

/** What there is and what is wrong, as it was looked up for this answer. */
export interface ProxyStatus {
  readonly version: string;
  readonly startedAtMs: number;
  readonly dataPlane: DataPlaneStatus;
  readonly ports: readonly number[];
  /** Routes may name further ports. */
  readonly anyPort: boolean;
  readonly routes: number;
  readonly certificates: number;
  /** In words; empty: nothing is wrong. */
  readonly problems: readonly string[];
}

export interface DataPlaneStatus {
  readonly engine: string;
  readonly running: boolean;
  readonly pid: number | undefined;
  readonly startedAtMs: number | undefined;
  readonly restarts: number;
  /** When it was last compared with what is stored; undefined: not yet. */
  readonly checkedAtMs: number | undefined;
  /** What differed then and was repaired. */
  readonly repaired: number;
  readonly connections: number;
}

export interface RouteStatus {
  readonly route: Route;
  readonly updatedAtMs: number;
  readonly connections: number;
  /** Of the certificate that it is served with; undefined: it has none, or needs none. */
  readonly certificateNotAfterMs: number | undefined;
}

const mostProblems = 100;

/** The first of them, and how many more there are. */
export function boundedProblems(problems: readonly string[]): string[] {
  const more = problems.length - mostProblems;
  return more <= 0 ? [...problems] : [...problems.slice(0, mostProblems), `and ${more} more`];
}
