import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { judgePull, judgeRegistry } from "./image-registry.ts";

const address = "mcr.example.net:8443";

function failure(code: string, found: string): DetailedError {
  return new DetailedError({ code, attempted: "pull image", subject: "x", found, remedy: `mend ${code}` });
}

describe("the check of the registry of images", () => {
  for (const error of [
    undefined,
    failure("IMAGE_NOT_FOUND", "manifest unknown"),
    failure("REGISTRY_DENIED", "denied"),
  ])
    test(`takes podman's ${error?.code ?? "success"} for an answer`, () =>
      assert.equal(judgePull(address, error).severity, "ok"));

  for (const code of ["REGISTRY_UNTRUSTED", "REGISTRY_UNREACHABLE", "REGISTRY_LOGIN_UNREADABLE"])
    test(`sees a problem in podman's ${code}, with its remedy`, () => {
      const { severity, remedy } = judgePull(address, failure(code, "no"));
      assert.deepEqual({ severity, remedy }, { severity: "problem", remedy: `mend ${code}` });
    });

  test("says that the login is not taken", () => {
    const { severity, found, remedy } = judgeRegistry(address, failure("REGISTRY_DENIED", "unauthorized"));
    assert.equal(severity, "problem");
    assert.equal(found, "it does not take the agent's login: unauthorized");
    assert.match(remedy, /renew the agent's token/u);
  });

  test("gives the remedy of what is not reached", () => {
    const { severity, remedy } = judgeRegistry(address, failure("REGISTRY_UNREACHABLE", "refused"));
    assert.deepEqual({ severity, remedy }, { severity: "problem", remedy: "mend REGISTRY_UNREACHABLE" });
  });
});
