import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePort, parseVolume } from "./podman-mappings.ts";

const tcp = { hostAddress: "", protocol: "tcp", count: 1 };

describe("a port", () => {
  for (const [text, expected] of [
    ["8080:80", { ...tcp, hostPort: 8080, containerPort: 80 }],
    ["127.0.0.1:8080:80", { ...tcp, hostAddress: "127.0.0.1", hostPort: 8080, containerPort: 80 }],
    ["[::1]:53:5353/udp", { ...tcp, hostAddress: "::1", hostPort: 53, containerPort: 5353, protocol: "udp" }],
    ["9000-9002:80-82", { ...tcp, hostPort: 9000, containerPort: 80, count: 3 }],
  ] as const) {
    test(`${text} is read`, () => assert.deepEqual(parsePort(text), expected));
  }

  for (const text of [
    "80",
    "0:80",
    "80:65536",
    "a:80",
    "80:80/icmp",
    "9000-9001:80",
    "9002-9000:80-82",
    "::1:80:80",
    "",
  ]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parsePort(text), { code: "CONTAINER_INVALID", subject: text });
    });
  }
});

describe("a volume", () => {
  for (const [text, expected] of [
    ["/srv/a:/data", { kind: "bind", source: "/srv/a", destination: "/data", options: [] }],
    ["/srv/a:/data:ro,Z", { kind: "bind", source: "/srv/a", destination: "/data", options: ["ro", "Z"] }],
    ["cache:/cache", { kind: "named", source: "cache", destination: "/cache", options: [] }],
    ["/scratch", { kind: "anonymous", source: "", destination: "/scratch", options: [] }],
  ] as const) {
    test(`${text} is read`, () => assert.deepEqual(parseVolume(text), expected));
  }

  for (const text of ["", "a", "a:b", ":/b", "/a:/b:", "/a:/b:ro:z"]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseVolume(text), { code: "CONTAINER_INVALID", subject: text });
    });
  }
});
