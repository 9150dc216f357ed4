import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { parseExposition } from "@metacircular/testkit/exposition.ts";
import { createProxyMetrics } from "./proxy-metrics.ts";

test("the page holds to Prometheus' rules, and has what is stored, what runs and what went over each route", () => {
  const metrics = createProxyMetrics({ version: "1.2.3", clock: systemClock });
  metrics.callEnded({ method: "/mcproxy.v1.ProxyAdmin/AddRoute", outcome: "OK", durationMs: 7 });
  const series = parseExposition(
    metrics.render(
      {
        routes: 3,
        firewallRules: 1,
        certificates: [{ name: "hello.example.org", notAfterMs: 5_000 }],
        problems: 2,
        isUpToDate: true,
        repaired: 4,
        applied: 9,
        checkedAtMs: 1_500,
      },
      {
        engine: "haproxy 2.6.12",
        running: true,
        restarts: 1,
        reloads: 2,
        connections: 8,
        problems: [],
        routes: [
          {
            port: 443,
            hostname: "hello.example.org",
            connections: 1,
            total: 20,
            clientErrors: 3,
            serverErrors: 2,
            bytesIn: 100,
            bytesOut: 200,
          },
        ],
      },
    ),
  );
  const route = '{hostname="hello.example.org",port="443"}';
  const expected = {
    mcproxy_routes: 3,
    mcproxy_problems: 2,
    mcproxy_data_plane_up: 1,
    mcproxy_data_plane_current: 1,
    mcproxy_data_plane_restarts_total: 1,
    mcproxy_repaired_total: 4,
    mcproxy_check_timestamp_seconds: 1.5,
    'mcproxy_certificate_not_after_seconds{name="hello.example.org"}': 5,
    [`mcproxy_route_requests_total${route}`]: 20,
    [`mcproxy_route_server_errors_total${route}`]: 2,
    'mcproxy_rpc_duration_seconds_count{method="AddRoute",code="OK"}': 1,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name);
});
