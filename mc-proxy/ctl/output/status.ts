import type { GetStatusResponse } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { formatTimestamp } from "./time.ts";

export function statusLines(status: GetStatusResponse): string[] {
  const { dataPlane } = status;
  const running = dataPlane?.running === true;
  const rows = [
    ["mc-proxy", `${status.version}, since ${formatTimestamp(status.started)}`],
    [
      "data plane",
      running
        ? `${dataPlane.engine}, pid ${dataPlane.pid}, since ${formatTimestamp(dataPlane.started)}, ${dataPlane.restarts} restarts`
        : `${dataPlane?.engine ?? ""} DOES NOT RUN, ${dataPlane?.restarts ?? 0} restarts`,
    ],
    ["compared", `${formatTimestamp(dataPlane?.checked)}, ${dataPlane?.repaired ?? 0} differences repaired`],
    ["connections", String(dataPlane?.connections ?? 0)],
    ["ports", status.ports.join(" ") || "none"],
    ["routes", String(status.routes)],
    ["certificates", String(status.certificates)],
    ["problems", status.problems.length === 0 ? "none" : String(status.problems.length)],
  ];
  const [first = [], ...rest] = rows;
  return [...formatTable(first, rest), ...status.problems.map((problem) => `  - ${problem}`)];
}
