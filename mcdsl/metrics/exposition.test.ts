import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExposition } from "@metacircular/testkit/exposition.ts";
import { exposition, gauge } from "./exposition.ts";
import { Counter, Histogram } from "./instruments.ts";
import { processMetrics } from "./process.ts";

test("the page is what the format's description shows, with everything escaped", () => {
  const requests = new Counter({ name: "requests_total", help: "Two\nlines and a \\." });
  requests.add({ path: 'C:\\DIR\n"x"', code: "200" });
  requests.add({ path: "/", code: "200" }, 1_027);
  const text = exposition([requests.family(), gauge("limit", "Of all.", Infinity)]);
  assert.equal(
    text,
    String.raw`# HELP requests_total Two\nlines and a \\.
# TYPE requests_total counter
requests_total{path="C:\\DIR\n\"x\"",code="200"} 1
requests_total{path="/",code="200"} 1027
# HELP limit Of all.
# TYPE limit gauge
limit +Inf
`,
  );
  assert.equal(parseExposition(text).size, 3);
});

test("a histogram counts each value in all buckets that are large enough", () => {
  const durations = new Histogram({ name: "duration_seconds", help: "How long." }, [0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 7]) durations.observe({ method: "Deploy" }, seconds);
  const series = parseExposition(exposition([durations.family()]));
  assert.deepEqual(
    [...series].map(([, value]) => value),
    [2, 3, 4, 7.65, 4],
  );
});

test("an instrument forgets the series that are over", () => {
  const restarts = new Counter({ name: "restarts_total", help: "How often." });
  restarts.add({ component: "web" });
  restarts.add({ component: "gone" });
  restarts.keep(({ component }) => component === "web");
  const page = () => exposition([restarts.family()]);
  assert.deepEqual([...parseExposition(page())], [['restarts_total{component="web"}', 1]]);
  restarts.keep(() => false);
  assert.equal(page(), "");
});

test("the process says what it uses", () => {
  const series = parseExposition(exposition(processMetrics(Date.now())));
  assert.ok((series.get("process_resident_memory_bytes") ?? 0) > 10_000_000);
  assert.ok((series.get("process_open_fds") ?? 0) > 2);
  assert.ok(Math.abs((series.get("process_start_time_seconds") ?? 0) - Date.now() / 1_000) < 600);
});
