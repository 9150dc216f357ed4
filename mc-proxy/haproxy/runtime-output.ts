/** What HAProxy's admin socket answers, as data. */

/** Of `show info`. */
export interface ProcessInfo {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** What the configuration has as `description`. */
  readonly description: string;
}

/** Undefined: it is no answer to `show info`. */
export function parseInfo(output: string): ProcessInfo | undefined {
  const fields = new Map(
    output.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const pid = Number(fields.get("Pid"));
  const version = fields.get("Version");
  if (version === undefined || !Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    version,
    pid,
    uptimeSeconds: Number(fields.get("Uptime_sec") ?? 0),
    description: fields.get("description") ?? "",
  };
}

/** Of `show map <file>`: every entry in its order; a key may be there twice, and then the first counts. */
export function parseMap(output: string): [key: string, value: string][] {
  return output.split("\n").flatMap((line) => {
    const match = /^0x[0-9a-f]+ (\S+) (.*)$/.exec(line.trim());
    return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2]]];
  });
}

/** Of `prepare map`; undefined: it failed. */
export function parseNewVersion(output: string): number | undefined {
  const match = /^New version created: (\d+)$/m.exec(output);
  return match === null ? undefined : Number(match[1]);
}

/** Of `show table`: counters by key, e.g. `conn_cur` and `http_req_rate(1000)`. */
export function parseTable(output: string): { key: string; counters: ReadonlyMap<string, number> }[] {
  return output.split("\n").flatMap((line) => {
    const key = /\bkey=(\S+)/.exec(line)?.[1];
    if (key === undefined) return [];
    const counters = [...line.matchAll(/ ([a-z_]+(?:\(\d+\))?)=(\d+)/g)];
    return [{ key, counters: new Map(counters.map(([, name = "", value]) => [name, Number(value)])) }];
  });
}

/** Of `show ssl crt-list <file>`: the names that each certificate file is used for. */
export function parseCertificateList(output: string): { path: string; hostnames: string[] }[] {
  return output.split("\n").flatMap((line) => {
    const [path = "", ...hostnames] = line.trim().split(/\s+/);
    return path.startsWith("/") ? [{ path, hostnames }] : [];
  });
}

/** Of `show ssl cert <file>`: the SHA-1 fingerprint in upper-case hexadecimal; undefined: there is no such certificate. */
export function parseFingerprint(output: string): string | undefined {
  return /^SHA1 FingerPrint: ([0-9A-F]{40})$/m.exec(output)?.[1];
}

/** Of `show stat`: the current sessions of the frontends with such a name. */
export function parseSessions(output: string, isCounted: (frontend: string) => boolean): number {
  const [head = "", ...lines] = output.split("\n");
  const columns = head.replace(/^# /, "").split(",");
  const column = columns.indexOf("scur");
  const counts = lines.map((line) => {
    const cells = line.split(",");
    return cells[1] === "FRONTEND" && isCounted(cells[0] ?? "") ? Number(cells[column]) : 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}
