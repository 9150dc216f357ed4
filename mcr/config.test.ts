import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configSchema, databaseFileOf } from "./config.ts";

const least = {
  server: {
    listen_addr: ":8443",
    grpc_addr: ":9443",
    tls_cert: "cert.pem",
    tls_key: "key.pem",
    external_url: "https://mcr.example:8443",
  },
  storage: { directory: "storage" },
  database: { path: "mcr.db" },
  mcias: { server_url: "https://mcias.example", token_path: "token" },
};

type Sections = Readonly<Record<string, object>>;

/** What is wrong with the least configuration after these changes. */
function problemsWith(changes: Sections): string {
  const sections: Sections = least;
  const changed = Object.entries(changes).map(([name, keys]) => [name, { ...sections[name], ...keys }]);
  const result = configSchema.safeParse({ ...least, ...Object.fromEntries(changed) });
  return result.success ? "" : result.error.issues.map(({ message }) => message).join("\n");
}

describe("the registry's configuration", () => {
  test("needs an origin by which clients know it", () => {
    assert.equal(problemsWith({}), "");
    assert.equal(problemsWith({ server: { external_url: "https://mcr.example" } }), "");
    const wrong = [
      "",
      "mcr.example",
      "http://mcr.example",
      "https://mcr.example/",
      "https://a@mcr.example",
      "https://x/y",
    ];
    for (const url of wrong) {
      assert.match(problemsWith({ server: { external_url: url } }), /must be an https origin/u, url);
    }
  });

  test("names exactly one database, without its password", () => {
    const url = "postgresql://mcr@db.example/mcr";
    assert.equal(problemsWith({ database: { path: "", url } }), "");
    assert.match(problemsWith({ database: { url } }), /either path or url/u);
    assert.match(problemsWith({ database: { path: "" } }), /either path or url/u);
    const open = "postgresql://mcr:secret@db.example/mcr";
    assert.match(problemsWith({ database: { path: "", url: open } }), /must be such as "postgresql:/u);
  });

  test("says all that an object store needs", () => {
    const s3 = {
      endpoint: "https://s3.example",
      bucket: "images",
      access_key_id_path: "id",
      secret_access_key_path: "secret",
    };
    assert.equal(problemsWith({ storage: { type: "s3", s3 } }), "");
    for (const key of Object.keys(s3)) {
      assert.match(
        problemsWith({ storage: { type: "s3", s3: { ...s3, [key]: "" } } }),
        /needs endpoint/u,
        key,
      );
    }
  });

  test("tells what is done with PostgreSQL in place of a snapshot", () => {
    const config = configSchema.parse({ ...least, database: { url: "postgresql://mcr@db.example/mcr" } });
    assert.throws(() => databaseFileOf(config, "copy"), { code: "DATABASE_NOT_A_FILE" });
    assert.equal(databaseFileOf(configSchema.parse(least), "copy"), "mcr.db");
  });
});
