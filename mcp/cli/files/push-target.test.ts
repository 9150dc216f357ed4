import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { pushPath } from "./push-target.ts";

const file = { name: "cert.pem", basename: "cert.pem" };
const stdin = { name: "standard input", basename: undefined };

describe("the path of a pushed file", () => {
  for (const [given, path] of [
    [undefined, "cert.pem"],
    ["certs/", "certs/cert.pem"],
    ["certs/mcr.pem", "certs/mcr.pem"],
  ] as const) {
    test(`is ${path} where ${given ?? "nothing"} is given`, () => assert.equal(pushPath(given, file), path));
  }

  for (const given of ["", "/", "/etc/", "../", "certs//"]) {
    test(`is refused where ${JSON.stringify(given)} is given`, () => {
      assert.throws(() => pushPath(given, file), { code: "FILE_PATH_INVALID" });
    });
  }

  test("must be given for standard input", () => {
    assert.equal(pushPath("secrets.env", stdin), "secrets.env");
    for (const given of [undefined, "certs/"]) {
      assert.throws(() => pushPath(given, stdin), { code: "FILE_PATH_INVALID" });
    }
  });
});
