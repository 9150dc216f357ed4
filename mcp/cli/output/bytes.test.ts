import assert from "node:assert/strict";
import { test } from "node:test";

import { formatBytes } from "./bytes.ts";

test("a size is short and keeps its magnitude", () => {
  const sizes = [0, 512, 1024, 1_610_612_736, 120 * 1024 ** 3, 2 ** 60].map(formatBytes);
  assert.deepEqual(sizes, ["0 B", "512 B", "1.0 KiB", "1.5 GiB", "120 GiB", "1024 PiB"]);
});
