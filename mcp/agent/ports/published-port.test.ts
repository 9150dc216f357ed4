import assert from "node:assert/strict";
import { test } from "node:test";
import { overlaps, parsePublishedPort } from "./published-port.ts";

const mappings = [
  ["8080:80", { address: "", hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  ["127.0.0.1:18443:8443", { address: "127.0.0.1", hostPort: 18_443, containerPort: 8443, protocol: "tcp" }],
  ["53:53/udp", { address: "", hostPort: 53, containerPort: 53, protocol: "udp" }],
  ["[::1]:443:443/tcp", { address: "::1", hostPort: 443, containerPort: 443, protocol: "tcp" }],
  [":80", { address: "", hostPort: 0, containerPort: 80, protocol: "tcp" }],
] as const;

for (const [mapping, expected] of mappings) {
  test(`${mapping} is read`, () => assert.deepEqual(parsePublishedPort(mapping), expected));
}

const pairs = [
  ["127.0.0.1:80:80", "127.0.0.1:80:8080", true],
  ["127.0.0.1:80:80", "127.0.0.2:80:80", false],
  ["80:80", "127.0.0.2:80:80", true],
  ["53:53/udp", "53:53/tcp", false],
  ["80:80", "81:80", false],
] as const;

for (const [a, b, expected] of pairs) {
  test(`${a} and ${b} ${expected ? "cannot" : "can"} be published together`, () => {
    assert.equal(overlaps(parsePublishedPort(a), parsePublishedPort(b)), expected);
  });
}
