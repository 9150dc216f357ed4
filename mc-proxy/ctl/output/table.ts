import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** Columns wide enough for their longest cell, two spaces apart; no line ends in spaces. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** ISO 8601 to the second, UTC; `-` for none. */
export function formatTime(timestamp: Timestamp | undefined): string {
  if (timestamp === undefined) return "-";
  return new Date(timestampMs(timestamp)).toISOString().replace(/\.\d+Z$/u, "Z");
}
