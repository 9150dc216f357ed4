/** Does the work once and returns how long it took, in milliseconds. `round` counts from 0, warm-ups included. */
export type Side = (round: number) => Promise<number>;

/** Times of one side, in milliseconds, warm-ups left out. */
export type Samples = readonly number[];

/** Runs all sides in turn, round after round, so that what else happens on the machine hits all of them.
 * Every other round runs in the opposite order. The first `warmUps` rounds do not count.
 * @param options.rounds that count; odd, so that the median is one of them */
export async function interleave<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  options: { rounds: number; warmUps?: number },
): Promise<Record<Name, Samples>> {
  const { rounds, warmUps = 1 } = options;
  if (rounds % 2 === 0)
    throw new RangeError(`${rounds} rounds have no median among them; take an odd number`);
  const entries = Object.entries(sides) as [Name, Side][];
  const samples: Partial<Record<Name, number[]>> = {};
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const [name, side] of round % 2 === 0 ? entries : entries.toReversed()) {
      const durationMs = await side(round);
      if (round >= warmUps) (samples[name] ??= []).push(durationMs);
    }
  }
  return samples as Record<Name, Samples>;
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How noisy the values are: the distance between their quartiles as a share of their median. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

/** Time that a piece of work takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await work();
  return performance.now() - beganAtMs;
}

/** The value below which a share of the values lies; one of them, no mean. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.round((sorted.length - 1) * share)];
  if (value === undefined) throw new RangeError("nothing was measured");
  return value;
}
