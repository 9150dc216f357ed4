import assert from "node:assert/strict";

/** A series and its value, as they stand in the page: `name{label="value"}`. */
export type Series = ReadonlyMap<string, number>;

interface Family {
  readonly name: string;
  readonly type: string;
  readonly series: Map<string, number>;
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
const value = "[+-]?(?:Inf|\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)|NaN";
const helpLine = new RegExp(`^# HELP (${name}) (?:[^\\\\\\n]|\\\\[\\\\n])+$`);
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(`^(${name})((?:\\{${label}(?:,${label})*\\})?) (${value})$`);

/** Reads a page in Prometheus' text format and holds it to the rules: each family once, help and type before its
 * samples, no series twice, counters named `_total`, histograms cumulative and complete. Throws where it breaks one. */
export function parseExposition(text: string): Series {
  assert.match(text, /\n$/, "the last line ends with a line feed");
  const families = new Map<string, Family>();
  let helped = "";
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = helpLine.exec(line);
    const type = typeLine.exec(line);
    if (help !== null) helped = help[1] ?? "";
    else if (type !== null) family = begin(families, type, helped);
    else addSample(family, line);
  }
  for (const each of families.values()) checkFamily(each);
  return new Map([...families.values()].flatMap(({ series }) => [...series]));
}

function begin(families: Map<string, Family>, match: RegExpExecArray, helped: string): Family {
  const [, name = "", type = ""] = match;
  assert.equal(helped, name, `${name} has help before its type`);
  assert.ok(!families.has(name), `${name} is there once`);
  const family = { name, type, series: new Map<string, number>() };
  families.set(name, family);
  return family;
}

function addSample(family: Family | undefined, line: string): void {
  const match = sampleLine.exec(line);
  assert.ok(match !== null, `a sample: ${JSON.stringify(line)}`);
  assert.ok(family !== undefined, `a family before ${line}`);
  const [, name = "", labels = "", text = ""] = match;
  const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  assert.ok(
    suffixes.some((suffix) => name === family.name + suffix),
    `${name} belongs to ${family.name}`,
  );
  const names = [...labels.matchAll(/[{,]([a-zA-Z0-9_]+)="/g)].map(([, each]) => each);
  assert.equal(new Set(names).size, names.length, `labels once in ${line}`);
  assert.ok(!family.series.has(name + labels), `${name}${labels} is there once`);
  family.series.set(name + labels, Number(text.replace("Inf", "Infinity")));
}

function checkFamily({ name, type, series }: Family): void {
  assert.ok(series.size > 0, `${name} has samples`);
  assert.equal(type === "counter", name.endsWith("_total"), `${name} is called as ${type}s are`);
  if (type === "gauge") return;
  for (const [key, each] of series) assert.ok(each >= 0, `${key} is not negative`);
  if (type === "histogram") checkHistogram(name, series);
}

function checkHistogram(name: string, series: Series): void {
  for (const [key, count] of series) {
    if (!key.startsWith(`${name}_count`)) continue;
    const labels = key.slice(`${name}_count`.length).replaceAll(/^\{|\}$/g, "");
    const prefix = `${name}_bucket{${labels === "" ? "" : `${labels},`}le="`;
    const buckets = [...series].filter(([each]) => each.startsWith(prefix));
    const bounds = buckets.map(([each]) => Number(each.slice(prefix.length, -2).replace("Inf", "Infinity")));
    const counts = buckets.map(([, each]) => each);
    const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
    assert.deepEqual(bounds, ascending(bounds), `bounds of ${key} ascend`);
    assert.deepEqual(counts, ascending(counts), `buckets of ${key} are cumulative`);
    assert.equal(bounds.at(-1), Infinity, `${key} has a bucket for all`);
    assert.equal(counts.at(-1), count, `${key} is what its last bucket says`);
    const sum = key.replace(`${name}_count`, `${name}_sum`);
    assert.ok(series.has(sum), `${sum} is there`);
  }
}
