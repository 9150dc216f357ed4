import { median, type Samples, spread } from "./measure.ts";

/** One line of `out/bench.json`. */
export interface Result {
  readonly name: string;
  /** Median, in `unit`. */
  readonly ours: number;
  /** Median of what it is compared with; null: it is compared with a fixed goal only. */
  readonly peer: number | null;
  readonly unit: string;
  /** `ours / peer` */
  readonly ratio: number | null;
  /** What the ratio, or where the goal is a fixed one `ours`, should not exceed. */
  readonly goal: number;
  readonly met: boolean;
}

/** A result, with what a reader of the table wants to know besides. */
export interface Row extends Result {
  readonly goalOf: "ratio" | "ours";
  /** Of ours and of the peer's samples; null where there is one sample. */
  readonly spreads: readonly (number | null)[];
}

/** Times of both sides, of which the ratio has a goal. */
export function comparedRow(name: string, sides: { ours: Samples; peer: Samples }, goal: number): Row {
  const ratio = median(sides.ours) / median(sides.peer);
  return { ...timesOf(name, sides), goal, met: ratio <= goal, goalOf: "ratio" };
}

/** Times of both sides, of which ours has a goal in milliseconds. */
export function limitedRow(name: string, sides: { ours: Samples; peer: Samples }, goalMs: number): Row {
  return { ...timesOf(name, sides), goal: goalMs, met: median(sides.ours) <= goalMs, goalOf: "ours" };
}

/** One value that has a goal. */
export function absoluteRow(name: string, { ours, unit }: { ours: number; unit: string }, goal: number): Row {
  return { name, ours, peer: null, unit, ratio: null, goal, met: ours <= goal, goalOf: "ours", spreads: [] };
}

/** What is written to `out/bench.json` of it. */
export function resultOf({ name, ours, peer, unit, ratio, goal, met }: Row): Result {
  return { name, ours: rounded(ours), peer: rounded(peer), unit, ratio: rounded(ratio), goal, met };
}

function timesOf(name: string, { ours, peer }: { ours: Samples; peer: Samples }) {
  return {
    name,
    ours: median(ours),
    peer: median(peer),
    unit: "ms",
    ratio: median(ours) / median(peer),
    spreads: [spread(ours), spread(peer)],
  };
}

function rounded<Value extends number | null>(value: Value): Value {
  return (value === null ? null : Number(value.toPrecision(4))) as Value;
}
