import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { parseGeoLine } from "./geoip.ts";

/** Networks by country, and what is wrong with the table. */
export interface CountryNetworks {
  readonly networks: Readonly<Record<string, readonly string[]>>;
  /** Undefined: nothing. */
  readonly problem: string | undefined;
}

/** Networks in total that are handed over; a data plane keeps each in memory. */
const mostNetworks = 500_000;

/** A GeoIP table on disk, of which only the countries that are asked for are kept in memory. */
export class GeoipFile {
  readonly #path: string;
  #key = "";
  #last: CountryNetworks = { networks: {}, problem: undefined };

  /** @param path empty: there is none, and no country has networks */
  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the table where it or the countries have changed since the last call. A table that cannot be read is a
   * problem, and what was read before stays. */
  async read(countries: ReadonlySet<string>): Promise<CountryNetworks> {
    if (countries.size === 0) return { networks: {}, problem: undefined };
    if (this.#path === "")
      return { networks: {}, problem: "firewall rules name countries, but [firewall] geoip_file is not set" };
    try {
      const { ino, size, mtimeMs } = await stat(this.#path);
      const key = JSON.stringify([ino, size, mtimeMs, [...countries].toSorted()]);
      if (key !== this.#key) this.#last = await readTable(this.#path, countries);
      this.#key = key;
    } catch (thrown) {
      const problem = `GeoIP table ${this.#path}: ${messageOf(thrown)}`;
      this.#last = { networks: this.#last.networks, problem };
    }
    return this.#last;
  }
}

async function readTable(path: string, countries: ReadonlySet<string>): Promise<CountryNetworks> {
  const networks: Record<string, string[]> = Object.fromEntries([...countries].map((each) => [each, []]));
  let [number, bad, firstBad, total] = [0, 0, 0, 0];
  for await (const line of createInterface({ input: createReadStream(path, "utf8") })) {
    number += 1;
    const entry = parseGeoLine(line);
    // The first line may be a heading.
    if (entry === undefined && number === 1) continue;
    if (entry === undefined) {
      bad += 1;
      if (bad === 1) firstBad = number;
    } else if (countries.has(entry.country)) {
      total += entry.networks.length;
      if (total > mostNetworks) throw new Error(`these countries have more than ${mostNetworks} networks`);
      networks[entry.country]?.push(...entry.networks);
    }
  }
  return { networks, problem: problemOf(path, { networks, bad, firstBad }) };
}

function problemOf(
  path: string,
  found: { networks: Record<string, string[]>; bad: number; firstBad: number },
): string | undefined {
  const empty = Object.entries(found.networks).flatMap(([country, list]) =>
    list.length === 0 ? country : [],
  );
  const problems = [
    ...(found.bad === 0 ? [] : [`${found.bad} lines are not understood, the first is ${found.firstBad}`]),
    ...(empty.length === 0 ? [] : [`it has no networks of ${empty.join(", ")}`]),
  ];
  return problems.length === 0 ? undefined : `GeoIP table ${path}: ${problems.join("; ")}`;
}
