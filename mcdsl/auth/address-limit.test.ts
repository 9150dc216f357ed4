import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AddressLimit, sourceOf } from "./address-limit.ts";

describe("address limit", () => {
  test("blocks after the allowed failures until the window ends", () => {
    let nowMs = 1000;
    const limit = new AddressLimit({ maxFailures: 2, windowMs: 600 }, { now: () => nowMs });
    limit.recordFailure("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 0);
    nowMs = 1100;
    limit.recordFailure("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 500);
    assert.equal(limit.blockedForMs("192.0.2.2"), 0);
    nowMs = 1600;
    assert.equal(limit.blockedForMs("192.0.2.1"), 0);
  });

  test("takes back one failure for each that is forgiven, and none that there was not", () => {
    const limit = new AddressLimit({ maxFailures: 2, windowMs: 600 }, { now: () => 0 });
    limit.forgive("192.0.2.1");
    for (let attempt = 0; attempt < 2; attempt++) limit.recordFailure("192.0.2.1");
    limit.forgive("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 0);
    limit.recordFailure("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 600);
    for (let attempt = 0; attempt < 3; attempt++) limit.forgive("192.0.2.1");
    limit.recordFailure("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 0);
    limit.recordFailure("192.0.2.1");
    assert.equal(limit.blockedForMs("192.0.2.1"), 600);
  });

  test("remembers a bounded number of addresses", () => {
    const limit = new AddressLimit({ maxFailures: 1, windowMs: 600 }, { now: () => 0 });
    for (let index = 0; index <= 10_000; index++) limit.recordFailure(`10.0.${index >> 8}.${index & 255}`);
    assert.equal(limit.blockedForMs("10.0.0.0"), 0, "the oldest was dropped");
    assert.equal(limit.blockedForMs("10.0.0.1"), 600);
  });
});

test("a /64 of IPv6 and an IPv4-mapped address are one source", () => {
  const cases: [string, string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:0:1::5", "2001:db8:0:1::/64"],
    ["2001:0db8:0000:0001:ffff::1", "2001:db8:0:1::/64"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::2:3:4:5:6", "2001:db8:0:2::/64"],
    ["::1:2:3:4:5:6:7", "0:1:2:3::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ];
  for (const [address, source] of cases) assert.equal(sourceOf(address), source);
});
