import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { formatTime } from "@metacircular/mcdsl/commands/table.ts";

/** ISO 8601 to the second, UTC; `-` for none. */
export function formatTimestamp(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "-" : formatTime(timestampMs(timestamp));
}
