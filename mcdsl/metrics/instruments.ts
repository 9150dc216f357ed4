import type { Labels, MetricFamily, Sample } from "./exposition.ts";

/** What an instrument is called. Labels always come with the same names in the same order, and with values of
 * which there are few: each combination is kept for ever, or until `keep`. */
interface Description {
  readonly name: string;
  readonly help: string;
}

/** Counts what happens. */
export class Counter {
  readonly #description: Description;
  readonly #values = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(description: Description) {
    this.#description = description;
  }

  add(labels: Labels, by = 1): void {
    const key = JSON.stringify(labels);
    const entry = this.#values.get(key) ?? { labels, value: 0 };
    entry.value += by;
    this.#values.set(key, entry);
  }

  /** Forgets the combinations for which it is false. */
  keep(isKept: (labels: Labels) => boolean): void {
    for (const [key, { labels }] of this.#values) {
      if (!isKept(labels)) this.#values.delete(key);
    }
  }

  family(): MetricFamily {
    const samples = [...this.#values.values()].map(({ labels, value }) => ({ labels, value }));
    return { ...this.#description, type: "counter", samples };
  }
}

interface Distribution {
  readonly labels: Labels;
  /** How many were within each bound and beyond the one before it; the last: beyond all. */
  readonly counts: number[];
  sum: number;
}

/** Counts how long things take, by bounds. */
export class Histogram {
  readonly #description: Description;
  readonly #bounds: readonly number[];
  readonly #distributions = new Map<string, Distribution>();

  /** @param bounds ascending, in seconds */
  constructor(description: Description, bounds: readonly number[]) {
    this.#description = description;
    this.#bounds = bounds;
  }

  observe(labels: Labels, seconds: number): void {
    const key = JSON.stringify(labels);
    const entry = this.#distributions.get(key) ?? {
      labels,
      counts: Array.from({ length: this.#bounds.length + 1 }, () => 0),
      sum: 0,
    };
    const found = this.#bounds.findIndex((bound) => seconds <= bound);
    const index = found < 0 ? this.#bounds.length : found;
    entry.counts[index] = (entry.counts[index] ?? 0) + 1;
    entry.sum += seconds;
    this.#distributions.set(key, entry);
  }

  family(): MetricFamily {
    const samples = [...this.#distributions.values()].flatMap((entry) => this.#samplesOf(entry));
    return { ...this.#description, type: "histogram", samples };
  }

  #samplesOf({ labels, counts, sum }: Distribution): Sample[] {
    let count = 0;
    const buckets = counts.map((own, index) => {
      count += own;
      const bound = this.#bounds[index];
      const le = bound === undefined ? "+Inf" : String(bound);
      return { suffix: "_bucket", labels: { ...labels, le }, value: count };
    });
    return [...buckets, { suffix: "_sum", labels, value: sum }, { suffix: "_count", labels, value: count }];
  }
}
