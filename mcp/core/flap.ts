/** Times of a component's latest changes of state, oldest first. */
export type Transitions = readonly number[];

export interface FlapRule {
  /** A component flaps when it changes its state more often than this within the window. */
  readonly threshold: number;
  readonly windowMs: number;
}

/** The transitions that still count at `nowMs`, with `added` new ones at that time. Keeps no more than
 * `limit`, the newest. */
export function recentTransitions(
  transitions: Transitions,
  added: number,
  nowMs: number,
  { windowMs }: FlapRule,
): Transitions {
  const now = Array.from({ length: added }, () => nowMs);
  return [...transitions.filter((atMs) => atMs > nowMs - windowMs), ...now].slice(-limit);
}

/** Bounds what is kept of a component that never settles. */
const limit = 1_000;

export function isFlapping(transitions: Transitions, { threshold }: FlapRule): boolean {
  return transitions.length > threshold;
}
