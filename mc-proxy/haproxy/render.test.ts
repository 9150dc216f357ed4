import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { suite, test } from "node:test";
import type { DesiredState, EngineRoute } from "../engine/desired-state.ts";
import { routeProblems } from "../engine/judge.ts";
import { defaultLimits } from "../engine/limits.ts";
import { changesBetween } from "./changes.ts";
import { entryCommands } from "./commands.ts";
import { renderConfiguration } from "./configuration/render.ts";
import { mapText } from "./entries.ts";
import { pathsBelow } from "./paths.ts";
import { wantedOf } from "./wanted.ts";

const paths = pathsBelow("/run/mc-proxy/haproxy");
const golden = new URL("test/golden/everything.cfg", import.meta.url);
const terminatingGolden = new URL("test/golden/terminating-port.cfg", import.meta.url);

const route: EngineRoute = {
  ...{ port: 443, hostname: "one.test", mode: "l7", backend: { host: "127.0.0.1", port: 3000 } },
  ...{
    backendProtocol: "http1",
    sendProxyProtocol: false,
    maintenance: false,
    maxBodyBytes: 0,
    rateLimit: 0,
  },
};

const everything: DesiredState = {
  listeners: [
    { port: 443, address: "0.0.0.0" },
    { port: 443, address: "::" },
    { port: 8443, address: "192.0.2.1" },
  ],
  http: {
    listen: [{ host: "0.0.0.0", port: 80 }],
    redirectPort: 443,
    acmeBackend: { host: "127.0.0.1", port: 9011 },
  },
  routes: [
    route,
    { ...route, hostname: "two.test", mode: "l4", sendProxyProtocol: true, rateLimit: 7 },
    { ...route, hostname: "*.three.test", backendProtocol: "h2c", maxBodyBytes: 99 },
    { ...route, hostname: "four.test", maintenance: true, maxBodyBytes: 99 },
  ],
  certificates: [],
  firewall: {
    rules: [
      { action: "deny", cidr: "203.0.113.0/24", port: 0 },
      { action: "allow", cidr: "203.0.113.7/32", port: 443 },
      { action: "deny", country: "XX", port: 80 },
    ],
    countryNetworks: { XX: ["198.51.100.0/24"], YY: ["192.0.2.0/24"] },
  },
  limits: defaultLimits,
  trustedProxies: ["10.0.0.1"],
  tlsAlpnBackend: { host: "127.0.0.1", port: 9010 },
  backendCaFile: "/etc/mc-proxy/ca.pem",
  metrics: { host: "127.0.0.1", port: 9191 },
};

suite("HAProxy's configuration", () => {
  test("everything at once renders as the golden file has it", async () => {
    const maps = [...wantedOf(everything, paths, undefined).maps].map(
      ([name, entries]) => `# ${name}.map\n${mapText(entries)}`,
    );
    const rendered = renderConfiguration(everything, paths, { generation: 1, description: "mc-proxy 00" });
    const text = `${rendered}\n=== maps\n${maps.join("")}`;
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(golden, text);
    assert.equal(text, await readFile(golden, "utf8"));
  });

  test("a port with L7 routes only terminates TLS itself, unless something has to be read before", async () => {
    const { tlsAlpnBackend: _, ...without } = everything;
    const portOf = (state: DesiredState): string => {
      const rendered = renderConfiguration(state, paths, { generation: 1, description: "" });
      return /^frontend port-8443\n[^]*?\n(?=\n)/m.exec(rendered)?.[0] ?? "";
    };
    const text = portOf({ ...without, trustedProxies: [] });
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(terminatingGolden, text);
    assert.equal(text, await readFile(terminatingGolden, "utf8"));
    const routes = [{ ...route, port: 8443, mode: "l4" as const }];
    for (const state of [
      { ...without, trustedProxies: [], routes },
      { ...everything, trustedProxies: [] },
      without,
    ])
      assert.match(portOf(state), /^ {2}mode tcp$/m);
  });

  test("from one state to the next only what differs is changed", () => {
    const loaded = wantedOf(everything, paths, undefined);
    const [first, second, third] = everything.routes as [EngineRoute, EngineRoute, EngineRoute];
    const moved = { ...first, backend: { host: "::1", port: 3001 } };
    const routes = [moved, second, third, { ...first, hostname: "new.test" }];
    const wanted = wantedOf({ ...everything, routes }, paths, loaded);
    const commands = entryCommands(changesBetween(loaded, wanted), paths);
    const map = "/run/mc-proxy/haproxy/maps/routes.map";
    assert.deepEqual(
      commands.map(({ command }) => command.split(";")),
      [
        [
          `set map ${map} 443|one.test l7|http1|0|1073741824|0|443|one.test|::1|3001`,
          `add map ${map} 443|new.test l7|http1|0|1073741824|0|443|new.test|127.0.0.1|3000`,
          `del map ${map} 443|four.test`,
        ],
      ],
    );
  });

  test("what is known of a route is forgotten with the limit that its entry was made with", () => {
    const before = wantedOf(everything, paths, undefined);
    const limits = { ...everything.limits, maxBodyBytes: 5 };
    const entries = wantedOf({ ...everything, limits }, paths, before).maps.get("routes");
    assert.equal(entries?.get("443|one.test"), "l7|http1|0|5|0|443|one.test|127.0.0.1|3000");
  });

  test("nothing but host names and addresses gets through", () => {
    const names = [
      "a b",
      "a;b",
      "a|b",
      "a\nb",
      "A.test",
      "",
      ".",
      "a..b",
      "*",
      "*.com",
      "a.*.b",
      "-a.test",
      "a".repeat(254),
    ];
    for (const hostname of names) assert.notDeepEqual(routeProblems({ ...route, hostname }), [], hostname);
    for (const host of [
      "localhost",
      "1.2.3",
      "127.0.0.1 ",
      "127.0.0.1;x",
      "::1%lo",
      "0.0.0.0",
      "::",
      "::ffff:0.0.0.0",
    ])
      assert.notDeepEqual(routeProblems({ ...route, backend: { host, port: 1 } }), [], host);
    for (const hostname of ["a", "a.test", "_acme.a.test", "*.a.test", "xn--bcher-kva.test"])
      assert.deepEqual(routeProblems({ ...route, hostname }), [], hostname);
  });
});
