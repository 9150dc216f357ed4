import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import fc from "fast-check";
import { stringify } from "smol-toml";

import { plainSettings } from "./plain-settings.ts";
import { configSchema } from "./schema.ts";

const directory = await createTemporaryDirectory();
after(() => directory[Symbol.asyncDispose]());
const file = join(directory.path, "mcp.toml");

const everything = `
[services]
dir = "services"
[mcias]
server_url = "https://mcias.example.net:8443"
ca_cert = "ca.pem"
service_name = "mcp"
[auth]
token_path = "token"
username = "ci"
password_file = "password"
[tls]
ca_cert = "ca.pem"
[build]
workspace = "../src"
[registry]
address = "mcr.example.net:8443"
ca_cert = "ca.pem"
[[nodes]]
name = "rift"
address = "rift.example.net:9444"
[[nodes]]
name = "straylight"
address = "[2001:db8::1]:9444"
server_name = "straylight.example.net"
arch = "arm64"
`;

function plain(text: string, environment: Environment = {}) {
  writeFileSync(file, text);
  return plainSettings(file, environment);
}

function bySchema(environment: Environment = {}) {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "MCP", environment });
}

describe("settings found without the schema", () => {
  test("are those of the schema, for a file with everything and for an empty one", () => {
    for (const text of [everything, ""]) assert.deepEqual(plain(text), bySchema());
  });

  test("are there beside variables that override nothing", () => {
    assert.notEqual(plain(everything, { PATH: "/bin", MCP_CONFIG: "x", MCP_TOKEN: "y" }), undefined);
  });

  const left: readonly [string, string, Environment][] = [
    ["a variable that overrides a field", everything, { MCP_TLS_CA_CERT: "other.pem" }],
    ["an unknown key", '[tls]\nca_certs = "ca.pem"', {}],
    ["an unknown table", "[tsl]", {}],
    ["a key of JavaScript's own objects", '[constructor]\nname = "x"', {}],
    ["a value of another type", "[tls]\nca_cert = 1", {}],
    ["a text that is empty", '[tls]\nca_cert = ""', {}],
    ["an address without https", '[mcias]\nserver_url = "http://mcias.example.net"', {}],
    ["a port that is too large", '[mcias]\nserver_url = "https://mcias.example.net:99999"', {}],
    ["half of the credentials", '[auth]\nusername = "ci"', {}],
    ["a node without its address", '[[nodes]]\nname = "rift"', {}],
    ["two nodes of one name", '[[nodes]]\nname = "a"\naddress = "b:1"\n'.repeat(2), {}],
    ["an unknown architecture", '[[nodes]]\nname = "a"\naddress = "b:1"\narch = "mips"', {}],
    ["a registry that is no host", '[registry]\naddress = "team/images"', {}],
    ["what is not TOML", "[tls", {}],
  ];
  for (const [what, text, environment] of left) {
    test(`are left to the schema for ${what}`, () => {
      assert.equal(plain(text, environment), undefined);
    });
  }

  test("are left to the schema where there is no file", () => {
    assert.equal(plainSettings(join(directory.path, "none.toml"), {}), undefined);
  });

  test("are those of the schema for any file, where they are found at all", () => {
    const value = fc.constantFrom<unknown>(
      "rift",
      "h:1",
      "arm64",
      "https://a.b",
      "https://a..b",
      "http://a",
      "",
      1,
      true,
      [],
    );
    const key = fc.constantFrom(
      ...["dir", "server_url", "ca_cert", "service_name", "token_path"],
      ...["username", "password_file", "name", "address", "server_name", "toString", "workspace", "arch"],
    );
    const table = fc.dictionary(key, value, { maxKeys: 3 });
    const node = fc.oneof(
      table,
      fc.record({ name: fc.constantFrom("a", "b", "A"), address: fc.constant("h:1") }),
    );
    const section = fc.constantFrom(
      ...["services", "mcias", "auth", "tls", "build", "registry", "other", "valueOf"],
    );
    const content = fc.record({
      tables: fc.dictionary(section, fc.oneof({ weight: 9, arbitrary: table }, value), { maxKeys: 3 }),
      nodes: fc.array(node, { maxLength: 3 }),
    });
    let found = 0;
    fc.assert(
      fc.property(content, ({ tables, nodes }) => {
        const settings = plain(stringify({ ...tables, nodes }));
        if (settings === undefined) return;
        found += 1;
        assert.deepEqual(settings, bySchema());
      }),
      { numRuns: 2_000, examples: [[{ tables: {}, nodes: [] }]] },
    );
    assert.ok(found > 20, `only ${found} were found`);
  });
});
