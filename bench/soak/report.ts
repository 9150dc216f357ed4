import { type Column, formatTable } from "@metacircular/mcp-cli/output/table.ts";
import { type Census, total } from "@metacircular/testkit/census.ts";
import { expectedRows, type SoakState } from "@metacircular/testkit/soak.ts";

/** What was counted after so many deploys. */
export interface SoakSample extends SoakState {
  readonly elapsedS: number;
}

/** One thing that must not grow, at the start of the comparison and at the end. */
export interface SoakCheck {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Most that is accepted, in words. */
  readonly goal: string;
  readonly met: boolean;
}

/** Resident memory at the end, as a share of that after the first deploys. */
const mostMemoryGrowth = 1.3;
const mostKeptConnections = 8;

const columns: readonly Column<SoakSample>[] = [
  { heading: "DEPLOYS", text: ({ counts }) => String(counts.deploys) },
  { heading: "SECONDS", text: ({ elapsedS }) => elapsedS.toFixed(0) },
  { heading: "MEMORY", text: ({ census }) => `${census.residentMb.toFixed(1)} MB` },
  { heading: "THREADS", text: ({ census }) => String(census.threads) },
  { heading: "FILES OPEN", text: ({ census }) => String(total(census.fileDescriptors)) },
  { heading: "PODMAN'S", text: ({ census }) => String(census.runtimeFileDescriptors) },
  { heading: "CONTAINERS", text: ({ census }) => String(census.containers.length) },
  { heading: "FILES", text: ({ census }) => String(total(census.files)) },
  { heading: "ROWS", text: ({ census }) => String(total(census.rows)) },
  { heading: "DATABASE", text: ({ census }) => `${(census.databaseBytes / 1e6).toFixed(1)} MB` },
];

export function sampleTable(samples: readonly SoakSample[]): string[] {
  return formatTable(columns, samples);
}

export function checkTable(checks: readonly SoakCheck[]): string[] {
  return formatTable<SoakCheck>(
    [
      { heading: "WHAT", text: ({ name }) => name },
      { heading: "BEFORE", text: ({ before }) => before },
      { heading: "AFTER", text: ({ after }) => after },
      { heading: "GOAL", text: ({ goal }) => goal },
      { heading: "MET", text: ({ met }) => (met ? "yes" : "NO") },
    ],
    checks,
  );
}

/** Compares the first sample with the last. */
export function checksOf(before: SoakSample, after: SoakSample): SoakCheck[] {
  const growth = after.census.residentMb / before.census.residentMb;
  const memory: SoakCheck = {
    name: "resident memory of the agent",
    before: `${before.census.residentMb.toFixed(1)} MB`,
    after: `${after.census.residentMb.toFixed(1)} MB (x ${growth.toFixed(2)})`,
    goal: `x ${mostMemoryGrowth} at most`,
    met: growth <= mostMemoryGrowth,
  };
  return [memory, ...remainsOf(before, after)];
}

function remainsOf(before: SoakSample, after: SoakSample): SoakCheck[] {
  const expected = expectedRows(before, after.counts);
  const tables = Object.entries(expected).map(([table, goal]) => {
    const [first, last] = [before.census.rows[table] ?? 0, after.census.rows[table] ?? 0];
    return {
      name: `rows of ${table}`,
      before: `${first}`,
      after: `${last}`,
      goal: `${goal}`,
      met: last === goal,
    };
  });
  return [
    same("threads", ({ threads }) => `${threads}`),
    same("open files, sockets apart", ({ fileDescriptors }) => text({ ...fileDescriptors, socket: 0 })),
    sockets(before.census.fileDescriptors["socket"] ?? 0, after.census.fileDescriptors["socket"] ?? 0),
    same("containers", ({ containers }) => containers.join(", ")),
    same("processes of podman", ({ processes }) => text(processes)),
    files(before.census.files, after.census.files),
    ...tables,
  ];

  function same(name: string, part: (census: Census) => string): SoakCheck {
    const [first, last] = [part(before.census), part(after.census)];
    return { name, before: first, after: last, goal: "the same", met: first === last };
  }
}

/** Their number, and where it differs. */
function files(before: Census["files"], after: Census["files"]): SoakCheck {
  const places = new Set([...Object.keys(before), ...Object.keys(after)]);
  const grown = [...places].filter((place) => before[place] !== after[place]);
  const where = grown.map((place) => `; ${place} ${before[place] ?? 0} -> ${after[place] ?? 0}`).join("");
  return {
    name: "files and directories",
    before: `${total(before)}`,
    after: `${total(after)}${where}`,
    goal: "the same",
    met: grown.length === 0,
  };
}

/** Connections are kept for some time. */
function sockets(before: number, after: number): SoakCheck {
  const goal = before + mostKeptConnections;
  return {
    name: "sockets",
    before: `${before}`,
    after: `${after}`,
    goal: `${goal} at most`,
    met: after <= goal,
  };
}

function text(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
