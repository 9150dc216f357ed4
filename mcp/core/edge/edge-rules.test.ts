import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { certificateDelayMs, edgeDelayMs } from "./backoff.ts";
import { isCertificateDue } from "./edge-input.ts";
import { describeEffect, type EdgeEffect } from "./effect.ts";
import { addressType, recordName, routeHostname } from "./hostname.ts";
import { edgeTroubles } from "./pending-alerts.ts";

const dayMs = 86_400_000;

describe("host names", () => {
  test("default to the service below the zone", () => {
    assert.equal(routeHostname("shop", { hostname: "" }, "svc.example.net"), "shop.svc.example.net");
    assert.equal(
      routeHostname("shop", { hostname: "www.example.net" }, "svc.example.net"),
      "www.example.net",
    );
  });

  for (const [hostname, name] of [
    ["shop.svc.example.net", "shop"],
    ["a.b.svc.example.net", "a.b"],
    ["svc.example.net", undefined],
    ["shopsvc.example.net", undefined],
    ["www.example.net", undefined],
  ] as const) {
    test(`have a record where they are below the zone: ${hostname}`, () => {
      assert.equal(recordName(hostname, "svc.example.net"), name);
    });
  }

  test("have the record type of the node's address", () => {
    assert.deepEqual([addressType("192.0.2.1"), addressType("2001:db8::1")], ["A", "AAAA"]);
  });
});

describe("a certificate", () => {
  const seen = { notBeforeMs: 0, notAfterMs: 90 * dayMs };
  for (const { day, renewBeforeMs, due } of [
    { day: 59, renewBeforeMs: 0, due: false },
    { day: 60, renewBeforeMs: 0, due: true },
    { day: 79, renewBeforeMs: 10 * dayMs, due: false },
    { day: 80, renewBeforeMs: 10 * dayMs, due: true },
    // Longer than it lives: it is not renewed at once again.
    { day: 1, renewBeforeMs: 400 * dayMs, due: false },
    { day: 91, renewBeforeMs: 0, due: true },
  ]) {
    test(`of 90 days is ${due ? "" : "not "}due on day ${day}, renewed ${renewBeforeMs / dayMs} days before`, () => {
      assert.equal(isCertificateDue(seen, { renewBeforeMs }, day * dayMs), due);
    });
  }

  test("that is missing is due", () => {
    assert.equal(isCertificateDue(undefined, { renewBeforeMs: 0 }, 0), true);
  });
});

describe("the pause after an attempt", () => {
  test("grows from a second to a minute", () => {
    assert.deepEqual(
      [1, 2, 3, 6, 7, 1_000].map((attempts) => edgeDelayMs(attempts)),
      [1_000, 2_000, 4_000, 32_000, 60_000, 60_000],
    );
  });

  test("grows from a minute to six hours where an authority refused", () => {
    const pauses = [1, 2, 1_000].map((attempts) => certificateDelayMs(attempts, ["ACME_REFUSED"]));
    assert.deepEqual(pauses, [60_000, 120_000, 21_600_000]);
  });

  test("grows from a second to a quarter of an hour where an authority does not answer", () => {
    const pauses = [1, 2, 1_000].map((attempts) => certificateDelayMs(attempts, ["UNREACHABLE"]));
    assert.deepEqual(pauses, [1_000, 2_000, 900_000]);
  });
});

describe("what is pending", () => {
  const effect = (fields: Partial<EdgeEffect>, attempts = 1): EdgeEffect => ({
    kind: "route",
    port: 443,
    hostname: "shop.example.net",
    service: "shop",
    component: "web",
    route: "",
    mode: "l7",
    target: "127.0.0.1:1",
    wanted: true,
    pending: { code: "NODE_UNREACHABLE", reason: "it is down", sinceMs: 0, attempts },
    ...fields,
  });
  const certificates = new Map([["shop.example.net", { notBeforeMs: 0, notAfterMs: dayMs }]]);

  test("is a trouble once it has lasted for a minute", () => {
    assert.deepEqual([...edgeTroubles([effect({})], certificates, 59_999)], []);
    assert.deepEqual([...edgeTroubles([effect({})], certificates, 60_000)], ["edge"]);
    assert.deepEqual([...edgeTroubles([effect({ pending: undefined })], certificates, 60_000)], []);
  });

  test("is a trouble of its own where a good certificate could not be renewed three times", () => {
    const renewal = (attempts: number) => effect({ kind: "certificate" }, attempts);
    assert.deepEqual([...edgeTroubles([renewal(2)], certificates, 3_600_000)], []);
    assert.deepEqual([...edgeTroubles([renewal(3)], certificates, 3_600_000)], ["certificate"]);
    assert.deepEqual([...edgeTroubles([renewal(1)], certificates, dayMs)], ["edge"]);
  });

  test("is called by what it is", () => {
    assert.equal(describeEffect(effect({})), "route shop.example.net:443");
    assert.equal(
      describeEffect(effect({ kind: "dns", wanted: false })),
      "removal of the DNS record of shop.example.net",
    );
  });
});
