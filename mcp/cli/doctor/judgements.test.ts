import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { FindingSchema, FindingSeverity } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { StoredToken } from "../session/token-file.ts";
import { diagnosisFindings, judgeName, judgeVersion } from "./agent.ts";
import { judgeAuthorities } from "./authorities.ts";
import { judgeOffset, leastOffsetMs } from "./clock-offset.ts";
import { judgeFailure, judgeHandshake } from "./connection.ts";
import { judgeDirectory, judgeNames, judgeNodes } from "./definitions.ts";
import type { Handshake } from "./handshake.ts";
import { judgeDiscovery } from "./identity-service.ts";
import { judgeGivenToken, judgeLogin } from "./login.ts";
import { judgePlacement } from "./placement.ts";

const nowMs = Date.UTC(2026, 10, 21);
const dayMs = 86_400_000;

describe("a clock", () => {
  const ours = { askedAtMs: 10_000, answeredAtMs: 10_400 };

  test("that was read between question and answer is right, however long that took", () => {
    for (const at of [10_000, 10_200, 10_400]) {
      assert.equal(leastOffsetMs({ nowMs: at, resolutionMs: 0 }, ours), 0);
    }
  });

  test("is off by what the time of travel does not explain", () => {
    assert.equal(leastOffsetMs({ nowMs: 13_400, resolutionMs: 0 }, ours), 3_000);
    assert.equal(leastOffsetMs({ nowMs: 7_000, resolutionMs: 0 }, ours), -3_000);
  });

  test("that tells whole seconds gets the benefit of the second", () => {
    assert.equal(leastOffsetMs({ nowMs: 9_000, resolutionMs: 1_000 }, ours), 0);
    assert.equal(leastOffsetMs({ nowMs: 8_000, resolutionMs: 1_000 }, ours), -1_000);
  });

  test("may be off by two seconds; half a minute is a problem", () => {
    assert.equal(judgeOffset("rift", 1_900).severity, "ok");
    assert.match(judgeOffset("rift", -5_000).found, /^it is 5\.0 s behind/);
    assert.deepEqual(
      [judgeOffset("rift", 5_000).severity, judgeOffset("rift", 31_000).severity],
      ["warning", "problem"],
    );
  });
});

describe("a login", () => {
  const context = { nowMs, issuer: "https://mcias", account: undefined };
  const token: StoredToken = {
    accessToken: "t",
    refreshToken: "",
    expiresAtMs: nowMs + 30 * dayMs,
    issuer: "https://mcias",
    account: "kyle",
  };

  for (const [what, stored, severity, found] of [
    ["with time left", token, "ok", /^as kyle, until 2026-12-21/],
    ["that ends today", { ...token, expiresAtMs: nowMs + 3_600_000 }, "warning", /until/],
    ["that has ended", { ...token, expiresAtMs: nowMs }, "problem", /^as kyle, it ended at/],
    ["that renews itself", { ...token, expiresAtMs: nowMs, refreshToken: "r" }, "ok", /renewed/],
    ["elsewhere", { ...token, issuer: "https://other" }, "problem", /^it is of https:\/\/other, but/],
    ["that never was", undefined, "problem", /^you are not logged in$/],
    [
      "that cannot be read",
      new DetailedError({ code: "X", attempted: "use", found: "exposed" }),
      "problem",
      /^exposed$/,
    ],
  ] as const) {
    test(`${what} is ${severity}`, () => {
      const judged = judgeLogin(stored, context);
      assert.equal(judged.severity, severity);
      assert.match(judged.found, found);
    });
  }

  test("is not needed where a system account logs in by itself", () => {
    assert.equal(judgeLogin(undefined, { ...context, account: "bot" }).severity, "ok");
  });

  test("in MCP_TOKEN is judged by the end that it carries", () => {
    const jwt = (claims: object): string =>
      `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
    assert.match(judgeGivenToken(jwt({ exp: nowMs / 1_000 - 1 }), nowMs).remedy, /MCP_TOKEN, or unset it$/);
    assert.equal(judgeGivenToken(jwt({ exp: nowMs / 1_000 + 86_400 * 2 }), nowMs).severity, "ok");
    assert.equal(judgeGivenToken("opaque", nowMs).severity, "ok");
  });
});

describe("a connection", () => {
  const node = {
    name: "rift",
    address: "rift.example.net:9444",
    serverName: undefined,
    architecture: undefined,
  };
  const good: Handshake = {
    addresses: ["10.0.0.5"],
    protocol: "TLSv1.3",
    distrust: "",
    wrongName: "",
    issuer: "CN=Test CA",
    names: "DNS:rift.example.net",
    validFromMs: nowMs - dayMs,
    validToMs: nowMs + 60 * dayMs,
  };
  const context = { nowMs, file: "/etc/mcp.toml", caFile: "/etc/ca.pem" };

  for (const [what, fields, severities, remedy] of [
    ["that is good", {}, ["ok", "ok", "ok", "ok"], /^$/],
    ["by TLS 1.2", { protocol: "TLSv1.2" }, ["problem", "ok", "ok", "ok"], /is it an agent/],
    [
      "by another authority",
      { distrust: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
      ["ok", "problem", "ok", "ok"],
      /ca_cert in \[tls\] of \/etc\/mcp\.toml$/,
    ],
    [
      "for another name",
      { wrongName: "no" },
      ["ok", "ok", "problem", "ok"],
      /^set server_name of node rift in .* rift\.example\.net$/,
    ],
    [
      "that has expired",
      { validToMs: nowMs },
      ["ok", "ok", "ok", "problem"],
      /^renew the certificate on node rift$/,
    ],
  ] as const) {
    test(`${what}: ${severities.join(", ")}`, () => {
      const judged = judgeHandshake(node, { ...good, ...fields }, context);
      assert.deepEqual(
        judged.map(({ severity }) => severity),
        severities,
      );
      assert.match(judged.map((each) => each.remedy).join(""), remedy);
    });
  }

  test("that is refused, unknown or too slow says what to start or correct", () => {
    const system = (code: string): Error => Object.assign(new Error(code), { code });
    assert.match(judgeFailure(node, system("ECONNREFUSED")).remedy, /systemctl start mcp-agent/);
    assert.match(judgeFailure(node, system("ENOTFOUND")).found, /does not resolve/);
    assert.match(judgeFailure(node, system("EHOSTUNREACH")).found, /no route/);
    assert.match(judgeFailure(node, new DOMException("", "AbortError")).found, /no connection within 5 s/);
  });
});

describe("an agent", () => {
  test("of another minor version is a warning that names which side to upgrade", () => {
    assert.equal(judgeVersion("rift", "0.1.4", "0.1.0").severity, "ok");
    assert.equal(judgeVersion("rift", "0.1.0", "0.2.0").remedy, "upgrade the agent on rift");
    assert.equal(judgeVersion("rift", "1.0.0", "0.2.0").remedy, "upgrade mcp on this machine");
    assert.equal(judgeVersion("rift", "test", "0.2.0").severity, "unknown");
  });

  test("should have the name that the configuration gives it", () => {
    assert.equal(judgeName("rift", "rift").severity, "ok");
    assert.match(judgeName("rift", "svc").remedy, /`mcp node add svc/);
  });

  const lacking = new DetailedError({ code: "UNIMPLEMENTED", attempted: "call", found: "no" });

  test("that is too old for calls is one warning with their names", () => {
    const findings = diagnosisFindings("rift", { error: lacking }, ["ListAlerts"]);
    assert.deepEqual(
      findings.map(({ check, severity, found }) => [check, severity, found]),
      [["version", "warning", "it does not know ListAlerts, Diagnose"]],
    );
  });

  test("that cannot say what is wrong is not said to be well", () => {
    const late = new DetailedError({
      code: "DEADLINE_EXCEEDED",
      attempted: "call",
      found: "no answer in time",
    });
    const [finding] = diagnosisFindings("rift", { error: late }, []);
    assert.deepEqual([finding?.severity, finding?.found], ["unknown", "no answer in time"]);
  });

  test("that knows a severity which we do not is not said to be well", () => {
    const findings = [FindingSeverity.OK, FindingSeverity.UNSPECIFIED, 9 as FindingSeverity].map((severity) =>
      create(FindingSchema, { check: "disk", severity }),
    );
    assert.deepEqual(
      diagnosisFindings("rift", { value: { findings } }, []).map(({ severity }) => severity),
      ["ok", "unknown", "unknown"],
    );
  });
});

describe("definitions", () => {
  const defined = [{ service: "shop", file: "/etc/services/shop.toml", node: "rft" }];

  test("that name a node nobody knows get the nearest name", () => {
    const [judged] = judgeNodes(defined, ["rift", "svc"]);
    assert.equal(judged?.remedy, 'write node = "rift", or: mcp node add rft <host:port>');
    assert.deepEqual(judgeNodes(defined, ["rft"]), []);
  });

  test("that no service has the name of are told apart from other files", () => {
    const entries = ["shop.toml", "Shop.toml", "my_blog.toml", "notes.txt"];
    assert.deepEqual(
      judgeNames("/etc/services", entries, ["shop"]).map(({ subject }) => subject),
      ["/etc/services/Shop.toml", "/etc/services/my_blog.toml"],
    );
  });

  test("in a directory that is not there are a warning; in a closed one a problem", () => {
    const system = (code: string): Error => Object.assign(new Error(code), { code });
    assert.equal(judgeDirectory("/etc/services", system("ENOENT")).severity, "warning");
    assert.equal(judgeDirectory("/etc/services", system("EACCES")).severity, "problem");
  });
});

describe("services", () => {
  const defined = [{ service: "shop", file: "shop.toml", node: "rift" }];
  const found = (holdings: Record<string, string[]>): string[] =>
    judgePlacement(new Map(Object.entries(holdings)), defined)
      .filter(({ severity }) => severity !== "ok")
      .map(({ subject, remedy }) => `${subject}: ${remedy}`);

  test("on one node each are fine, defined or not", () => {
    assert.deepEqual(found({ rift: ["shop"], svc: ["blog"] }), []);
  });

  test("on two nodes have to leave the one that their definition does not name", () => {
    assert.deepEqual(found({ rift: ["shop"], svc: ["shop"] }), ["shop: mcp undeploy shop --node svc"]);
    assert.deepEqual(found({ rift: ["blog"], svc: ["blog"] }), ["blog: mcp undeploy blog --node <node>"]);
  });

  test("on another node than their definition names have to move", () => {
    assert.deepEqual(found({ rift: [], svc: ["shop"] }), [
      "shop: mcp deploy shop, then mcp undeploy shop --node svc",
    ]);
  });

  test("are not said to be in the wrong place while the right one does not answer", () => {
    assert.deepEqual(found({ svc: ["shop"] }), []);
  });
});

test("an identity service must be the one that is configured", () => {
  const issuer = "https://mcias:8443";
  assert.equal(judgeDiscovery(issuer, { status: 200, body: { issuer } }).severity, "ok");
  const other = judgeDiscovery(issuer, { status: 200, body: { issuer: "https://mcias" } });
  assert.equal(other.remedy, 'write server_url = "https://mcias" in [mcias]');
  assert.equal(
    judgeDiscovery(issuer, { status: 404, body: "" }).found,
    "it answered 404 instead of its OpenID configuration",
  );
  assert.equal(judgeDiscovery(issuer, { status: 200, body: "<html>" }).found, "it is no identity service");
});

test("a file of authorities must hold certificates", () => {
  const severities = (text: string | Error) =>
    judgeAuthorities("ca.pem", text, nowMs).map(({ severity }) => severity);
  assert.deepEqual(severities(new Error("ENOENT")), ["problem"]);
  assert.deepEqual(severities("nothing"), ["problem"]);
  assert.deepEqual(severities("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), ["problem"]);
});
