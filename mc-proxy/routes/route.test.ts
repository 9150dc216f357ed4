import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hostnameProblem } from "./hostname.ts";
import { parseRoute, type RouteRequest } from "./route.ts";

const own = {
  sockets: [
    { host: "0.0.0.0", port: 443 },
    { host: "127.0.0.1", port: 9101 },
  ],
  addresses: ["192.0.2.1"],
};

function aRequest(overrides: Partial<RouteRequest> = {}): RouteRequest {
  return {
    port: 443,
    hostname: "hello.example.org",
    mode: "l7",
    backend: "127.0.0.1:8080",
    backendProtocol: "http1",
    sendProxyProtocol: false,
    owner: "hello/web",
    maintenance: false,
    maxBodyBytes: 0,
    rateLimit: 0,
    ...overrides,
  };
}

describe("the host name of a route", () => {
  const names: readonly [string, boolean][] = [
    ["hello.example.org", true],
    ["localhost", true],
    ["*.example.org", true],
    ["1.example.org", true],
    [`${"a".repeat(63)}.example.org`, true],
    ["xn--bcher-kva.example", true],
    ["", false],
    ["*", false],
    ["*.org", false],
    ["*.*.example.org", false],
    ["a.*.example.org", false],
    ["a*.example.org", false],
    ["-a.example.org", false],
    ["a-.example.org", false],
    ["a_b.example.org", false],
    ["a..example.org", false],
    ["example.org.", false],
    ["192.0.2.1", false],
    ["a b", false],
    ["a|b", false],
    ["Hello.example.org", false],
    [`${"a".repeat(64)}.example.org`, false],
    [`${"a.".repeat(127)}org`, false],
  ];
  for (const [name, isGood] of names) {
    test(`${JSON.stringify(name.slice(0, 40))} is ${isGood ? "one" : "none"}`, () => {
      assert.equal(hostnameProblem(name) === undefined, isGood);
    });
  }
});

describe("a route", () => {
  test("is brought into its canonical form", () => {
    const parsed = parseRoute(
      aRequest({ hostname: "Hello.Example.ORG", backend: "[::FFFF:10.0.0.1]:80" }),
      own,
    );
    assert.ok("route" in parsed);
    assert.equal(parsed.route.hostname, "hello.example.org");
    assert.deepEqual(parsed.route.backend, { host: "10.0.0.1", port: 80 });
  });

  const refused: readonly [string, Partial<RouteRequest>, RegExp][] = [
    ["port 0", { port: 0 }, /port must be from 1/],
    ["no mode", { mode: undefined }, /mode must be L4 or L7/],
    ["an unknown backend protocol", { backendProtocol: undefined }, /backend_protocol/],
    ["a backend without port", { backend: "127.0.0.1" }, /backend must be an address with a port/],
    ["a backend with a name", { backend: "localhost:80" }, /backend must be an address with a port/],
    ["a backend at port 0", { backend: "127.0.0.1:0" }, /port from 1/],
    ["the unspecified address", { backend: "0.0.0.0:80" }, /one machine/],
    ["the unspecified IPv6 address", { backend: "[::]:80" }, /one machine/],
    ["a group of machines", { backend: "224.0.0.1:80" }, /one machine/],
    ["a link-local address", { backend: "[fe80::1]:80" }, /one machine/],
    ["this proxy by the loopback", { backend: "127.0.0.5:443" }, /this proxy itself/],
    ["this proxy by the IPv6 loopback", { backend: "[::1]:443" }, /this proxy itself/],
    ["this proxy by its address", { backend: "192.0.2.1:443" }, /this proxy itself/],
    ["this proxy by a mapped address", { backend: "[::ffff:192.0.2.1]:443" }, /this proxy itself/],
    ["a port of this proxy's metrics", { backend: "127.0.0.1:9101" }, /this proxy itself/],
    ["a backend protocol with L4", { mode: "l4", backendProtocol: "h2c" }, /L7 only/],
    ["a body limit with L4", { mode: "l4", maxBodyBytes: 1 }, /L7 only/],
    ["the PROXY protocol with L7", { sendProxyProtocol: true }, /L4 only/],
    ["an owner with a line feed", { owner: "a\nb" }, /control characters/],
    ["a long owner", { owner: "a".repeat(201) }, /200 characters/],
    ["a rate beyond all measure", { rateLimit: 1e9 }, /rate_limit/],
  ];
  for (const [what, overrides, expected] of refused) {
    test(`is refused with ${what}`, () => {
      const parsed = parseRoute(aRequest(overrides), own);
      assert.ok("problems" in parsed);
      assert.match(parsed.problems.join("; "), expected);
    });
  }

  test("may lead to the same port of another machine, and to another loopback address", () => {
    for (const backend of ["192.0.2.2:443", "127.0.0.2:9101", "[2001:db8::1]:443"])
      assert.ok("route" in parseRoute(aRequest({ backend }), own), backend);
  });

  test("tells all its problems at once", () => {
    const parsed = parseRoute(aRequest({ port: 70_000, hostname: "-", backend: "x", mode: undefined }), own);
    assert.equal("problems" in parsed ? parsed.problems.length : 0, 4);
  });
});
