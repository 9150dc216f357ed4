import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { DetailedError } from "../errors.ts";
import { duration, filePath, listenAddress } from "./fields.ts";
import { loadConfig } from "./load.ts";
import type { Environment } from "./overrides.ts";

const schema = z.strictObject({
  server: z.strictObject({
    listen_addr: listenAddress(),
    grpc_addr: listenAddress().optional(),
    cert_file: filePath().optional(),
    timeout: duration().default(5_000),
  }),
  limits: z
    .strictObject({ requests: z.int().positive(), enabled: z.boolean() })
    .prefault({ requests: 10, enabled: true }),
  names: z.array(z.string()).default([]),
});

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "mcdsl-config-"));
});
after(() => rmSync(directory, { recursive: true }));

const minimal = '[server]\nlisten_addr = "127.0.0.1:8443"\n';

function load(text: string | Uint8Array, environment: Environment = {}): z.output<typeof schema> {
  const file = join(directory, "mcr.toml");
  writeFileSync(file, text);
  return loadConfig({ schema, file, environmentPrefix: "MCR", environment });
}

function failureOf(text: string, environment: Environment = {}): DetailedError {
  try {
    load(text, environment);
  } catch (error) {
    assert.ok(error instanceof DetailedError);
    return error;
  }
  return assert.fail("it was loaded");
}

describe("loadConfig", () => {
  test("reads the file and fills in defaults", () => {
    assert.deepEqual(load(minimal), {
      server: { listen_addr: { host: "127.0.0.1", port: 8443 }, timeout: 5_000 },
      limits: { requests: 10, enabled: true },
      names: [],
    });
  });

  test("lets the environment override fields by their names, each as its type", () => {
    const config = load(minimal, {
      MCR_SERVER_LISTEN_ADDR: "[::1]:1",
      MCR_SERVER_TIMEOUT: "1m30s",
      MCR_LIMITS_REQUESTS: "20",
      MCR_LIMITS_ENABLED: "false",
      MCR_NAMES: "a, b,c",
      MCR_SOMETHING_ELSE: "ignored",
      OTHER_SERVER_LISTEN_ADDR: "ignored",
    });
    assert.deepEqual(config.server, { listen_addr: { host: "::1", port: 1 }, timeout: 90_000 });
    assert.deepEqual(config.limits, { requests: 20, enabled: false });
    assert.deepEqual(config.names, ["a", "b", "c"]);
  });

  test("takes a whole required section from the environment", () => {
    assert.equal(load("", { MCR_SERVER_LISTEN_ADDR: ":9" }).server.listen_addr.port, 9);
  });

  const ports: [string, string, Environment, { host: string; port: number }][] = [
    ["keeps the host of the file", minimal, { PORT: "1234" }, { host: "127.0.0.1", port: 1234 }],
    [
      "is above the other variables, whose host it keeps",
      minimal,
      { PORT: "1234", MCR_SERVER_LISTEN_ADDR: "10.0.0.1:9" },
      { host: "10.0.0.1", port: 1234 },
    ],
    ["keeps an IPv6 host", '[server]\nlisten_addr = "[::1]:9"', { PORT: "1" }, { host: "::1", port: 1 }],
    ["binds all addresses where none is named", "", { PORT: "1234" }, { host: "0.0.0.0", port: 1234 }],
    [
      "binds all addresses where only a port is",
      '[server]\nlisten_addr = ":9"',
      { PORT: "8" },
      { host: "0.0.0.0", port: 8 },
    ],
  ];
  for (const [what, text, environment, expected] of ports) {
    test(`$PORT ${what}`, () => assert.deepEqual(load(text, environment).server.listen_addr, expected));
  }

  test("$PORT_GRPC sets the port of the gRPC address", () => {
    const config = load(`${minimal}grpc_addr = "127.0.0.1:9444"`, { PORT_GRPC: "5", PORT: "6" });
    assert.deepEqual(config.server.grpc_addr, { host: "127.0.0.1", port: 5 });
    assert.equal(config.server.listen_addr.port, 6);
  });

  test("ignores $PORT where the schema has no such address", () => {
    const file = join(directory, "empty.toml");
    writeFileSync(file, "");
    const options = { schema: z.strictObject({}), file, environmentPrefix: "X", environment: { PORT: "x" } };
    assert.deepEqual(loadConfig(options), {});
  });

  test("reports all problems with their places, one a line", () => {
    const error = failureOf(
      '[server]\nlisten_adr = "x"\ntimeout = "soon"\n[limits]\nrequests = 0\nenabled = true\n',
      {
        PORT_GRPC: "http",
        MCR_LIMITS_ENABLED: "perhaps",
      },
    );
    const file = join(directory, "mcr.toml");
    assert.equal(error.code, "CONFIG_INVALID");
    assert.equal(error.category, "invalid-argument");
    assert.deepEqual(error.found.split("\n"), [
      "5 problems",
      'environment variable PORT_GRPC: must be a port from 1 to 65535, not "http"',
      'environment variable MCR_LIMITS_ENABLED: "enabled" must be true or false, not the string "perhaps"',
      `${file}:2:1: unknown key "listen_adr"; did you mean "listen_addr"?`,
      `${file}:3:11: "timeout" must be a duration such as "500ms", "60s", "15m", "1h30m" or "30d", not "soon"`,
      `${file}:5:12: "requests" must be more than 0`,
    ]);
  });

  test("says when there is no file, when it cannot be read, and when it is no TOML", () => {
    const options = { schema, environmentPrefix: "MCR", environment: {} };
    const missing = join(directory, "missing.toml");
    assert.throws(() => loadConfig({ ...options, file: missing }), {
      code: "CONFIG_NOT_FOUND",
      subject: missing,
    });
    assert.throws(() => loadConfig({ ...options, file: directory }), { code: "CONFIG_UNREADABLE" });
    assert.match(failureOf("[server").found, /mcr\.toml:1:\d+: /);
  });
});

describe("an address to listen on", () => {
  const addresses: [string, { host: string; port: number } | undefined][] = [
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    [":8443", { host: "0.0.0.0", port: 8443 }],
    ["[::]:8443", { host: "::", port: 8443 }],
    ["rift.example:65535", { host: "rift.example", port: 65_535 }],
    ["8443", undefined],
    ["localhost", undefined],
    ["::1:8443", undefined],
    ["host:65536", undefined],
    ["host:-1", undefined],
    ["a b:1", undefined],
    ["user@host:1", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of addresses) {
    test(`${JSON.stringify(text)} is ${expected === undefined ? "refused" : "accepted"}`, () => {
      assert.deepEqual(listenAddress().safeParse(text).data, expected);
    });
  }
});

describe("a file's path", () => {
  test("must not be empty nor contain NUL", () => {
    assert.ok(filePath().safeParse("certs/a.pem").success);
    assert.ok(!filePath().safeParse("").success);
    assert.ok(!filePath().safeParse("a\0b").success);
  });
});
