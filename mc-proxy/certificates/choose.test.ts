import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Certificate } from "./certificate.ts";
import { chooseCertificates } from "./choose.ts";

const nowMs = 1_000;

function aCertificate(name: string, names: readonly string[], notAfterMs = 2_000): Certificate {
  return { name, names, notBeforeMs: 0, notAfterMs, fingerprint: name, pem: "" };
}

function chosen(hostname: string, ...certificates: Certificate[]): string | undefined {
  const names = [certificates, certificates.toReversed()].map(
    (order) => chooseCertificates(order, nowMs).certificateFor(hostname)?.name,
  );
  assert.equal(names[0], names[1], "the order does not matter");
  return names[0];
}

describe("of several certificates a host name gets", () => {
  const wildcard = aCertificate("wildcard", ["*.example.org"], 9_000);

  test("the one that names it before one with a wildcard", () => {
    assert.equal(chosen("a.example.org", wildcard, aCertificate("exact", ["a.example.org"])), "exact");
  });

  test("the one with a wildcard where none names it, for one label only", () => {
    assert.equal(chosen("b.example.org", wildcard), "wildcard");
    assert.equal(chosen("c.b.example.org", wildcard), undefined);
    assert.equal(chosen("example.org", wildcard), undefined);
    assert.equal(chosen("*.example.org", wildcard), "wildcard");
    assert.equal(chosen("*.example.org", aCertificate("exact", ["a.example.org"])), undefined);
  });

  test("the one that ends last", () => {
    const [early, late] = [aCertificate("early", ["a.b.c"], 2_000), aCertificate("late", ["a.b.c"], 3_000)];
    assert.equal(chosen("a.b.c", early, late), "late");
  });

  test("one that is valid before one that is not", () => {
    const ended = aCertificate("ended", ["a.example.org"], 500);
    assert.equal(chosen("a.example.org", ended), "ended");
    assert.equal(chosen("a.example.org", ended, wildcard), "wildcard");
    const early = { ...aCertificate("early", ["a.example.org"], 9_999), notBeforeMs: 5_000 };
    assert.equal(chosen("a.example.org", early, aCertificate("now", ["a.example.org"])), "now");
  });

  test("the first by name where all else is the same", () => {
    assert.equal(chosen("a.b.c", aCertificate("x", ["a.b.c"]), aCertificate("y", ["a.b.c"])), "x");
  });
});

test("each name is assigned once, and certificates without a name of their own not at all", () => {
  const certificates = [
    aCertificate("old", ["a.example.org"], 2_000),
    aCertificate("new", ["a.example.org", "b.example.org"], 3_000),
    aCertificate("odd", ["under_score.example.org"]),
  ];
  assert.deepEqual(
    chooseCertificates(certificates, nowMs).assigned.map(({ certificate, hostnames }) => [
      certificate.name,
      hostnames,
    ]),
    [["new", ["a.example.org", "b.example.org"]]],
  );
});
