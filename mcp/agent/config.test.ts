import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { agentConfigSchema } from "./config.ts";

const required = {
  server: { grpc_addr: "127.0.0.1:9444", tls_cert: "cert.pem", tls_key: "key.pem" },
  database: { path: "mcp.db" },
  mcias: { server_url: "https://mcias.example.net", token_path: "token" },
  agent: { node_name: "rift" },
};

const metricsAddressOf = (listen: string) =>
  agentConfigSchema.parse({ ...required, metrics: { listen } }).metrics.listen;

describe("the address of the metrics", () => {
  test("is one of the loopback", () => {
    assert.deepEqual(agentConfigSchema.parse(required).metrics.listen, { host: "127.0.0.1", port: 9445 });
    assert.deepEqual(metricsAddressOf("[::1]:1"), { host: "::1", port: 1 });
    assert.deepEqual(metricsAddressOf("127.8.9.10:1"), { host: "127.8.9.10", port: 1 });
    assert.deepEqual(metricsAddressOf("localhost:1"), { host: "localhost", port: 1 });
  });

  test("may be none", () => {
    assert.equal(metricsAddressOf(""), undefined);
  });

  for (const listen of ["0.0.0.0:9445", ":9445", "10.0.0.5:9445", "127.example.net:9445", "[::]:1", "9445"]) {
    test(`is not ${listen}, which is said with the reason`, () => {
      assert.throws(() => metricsAddressOf(listen), /loopback address .* neither encryption nor login/);
    });
  }
});

test("a pause that would be none is refused", () => {
  const withInterval = (interval: string) => agentConfigSchema.parse({ ...required, monitor: { interval } });
  assert.equal(withInterval("1s").monitor.interval, 1_000);
  assert.throws(() => withInterval("0s"), /longer than 0s/);
});
