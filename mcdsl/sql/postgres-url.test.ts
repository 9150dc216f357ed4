import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePostgresUrl } from "./postgres-url.ts";

describe("the URL of a PostgreSQL database", () => {
  test("names host, port, user and database, and means TLS", () => {
    assert.deepEqual(parsePostgresUrl("postgresql://mcr@db.example:6432/registry"), {
      host: "db.example",
      port: 6432,
      user: "mcr",
      database: "registry",
      tls: true,
      display: "postgresql://mcr@db.example:6432/registry",
    });
    assert.equal(parsePostgresUrl("postgres://m@[::1]/r").host, "::1");
    assert.equal(parsePostgresUrl("postgres://m@db/r").port, 5432);
    assert.equal(parsePostgresUrl("postgres://m%40x@db/r").user, "m@x");
  });

  test("goes without TLS over a socket, and on the loopback when it says so", () => {
    const socket = parsePostgresUrl("postgresql://mcr@localhost/registry?host=%2Frun%2Fpostgresql");
    assert.deepEqual([socket.host, socket.tls], ["/run/postgresql", false]);
    for (const host of ["localhost", "127.0.0.1", "[::1]"])
      assert.equal(parsePostgresUrl(`postgresql://m@${host}/r?sslmode=disable`).tls, false);
    assert.equal(parsePostgresUrl("postgresql://m@localhost/r").tls, true);
  });

  for (const [url, found] of [
    ["mysql://a@b/c", /no such URL/],
    ["nothing", /no such URL/],
    ["postgresql://m@db.example/r?sslmode=disable", /another machine/],
    ["postgresql://m@db.example/r?sslmode=prefer", /sslmode is prefer/],
    ["postgresql://m@db.example/r?options=-c", /not known: options/],
    ["postgresql://db.example/r", /names no user/],
    ["postgresql://m@db.example", /names no database/],
  ] as const)
    test(`is refused: ${url}`, () => {
      assert.throws(() => parsePostgresUrl(url), { code: "DATABASE_URL_INVALID", found });
    });

  test("is refused with a password in it, which no message repeats", () => {
    assert.throws(
      () => parsePostgresUrl("postgresql://mcr:hunter2@db.example/r"),
      (error: Error) =>
        /belongs into a file/.test(error.message) && !/hunter2/.test(JSON.stringify(error) + error.message),
    );
  });
});
