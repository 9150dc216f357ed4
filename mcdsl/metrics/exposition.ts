export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** After the family's name, e.g. `_sum`. Default: nothing. */
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** All that one metric says. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`, with its unit, and `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

/** Media type of `exposition`. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** The families in Prometheus' text format, version 0.0.4. Those without samples are left out. */
export function exposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`,
      `# TYPE ${name} ${type}\n`,
      ...samples.map(
        ({ suffix = "", labels, value }) => `${name}${suffix}${braced(labels)} ${number(value)}\n`,
      ),
    ])
    .join("");
}

/** A gauge with one sample. */
export function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "gauge", samples: [{ labels: {}, value }] };
}

function braced(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
