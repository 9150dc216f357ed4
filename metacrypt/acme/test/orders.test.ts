import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { extension } from "../../ca/extensions.ts";
import { nothing } from "../../ca/der/write.ts";
import {
  certificateKey,
  identifiers,
  issue,
  readyOrder,
  serveChallenges,
  signingRequest,
} from "./order-flow.ts";
import { prune } from "../store/prune.ts";
import { challengeOf, type RawAnswer, RawClient } from "./raw-client.ts";
import { startAcme } from "./running-acme.ts";

function problem(answer: RawAnswer, type: string, status: number): void {
  assert.equal(answer.json.type, `urn:ietf:params:acme:error:${type}`, answer.text);
  assert.equal(answer.status, status, answer.text);
}

/** The system's clock, ahead by as much as a test says. */
function shiftedClock(): Clock & { aheadMs: number } {
  return {
    aheadMs: 0,
    now() {
      return systemClock.now() + this.aheadMs;
    },
    sleep: (durationMs, signal) => systemClock.sleep(durationMs, signal),
  };
}

const dayMs = 86_400_000;

describe("new orders (7.4)", () => {
  test("identifiers that cannot be issued are refused, each with its reason", async () => {
    await using acme = await startAcme({ settings: { identifiersPerOrder: 3 } });
    const client = await RawClient.create(acme);
    await client.open();
    const order = (list: unknown) => client.post("new-order", { identifiers: list });
    problem(await order([]), "malformed", 400);
    problem(await order([{ type: "dns" }]), "malformed", 400);
    problem(await order([{ type: "email", value: "a@b.test" }]), "unsupportedIdentifier", 400);
    problem(await order(identifiers("a..test")), "rejectedIdentifier", 400);
    problem(await order(identifiers("*.*.test")), "rejectedIdentifier", 400);
    problem(await order(identifiers("a_b.test")), "rejectedIdentifier", 400);
    problem(await order(identifiers("a.test.")), "rejectedIdentifier", 400);
    problem(await order(identifiers("*.test")), "rejectedIdentifier", 400);
    problem(await order([{ type: "ip", value: "0:0::1" }]), "malformed", 400);
    problem(await order([{ type: "dns", value: "127.0.0.1" }]), "rejectedIdentifier", 400);
    problem(await order(identifiers("a.test", "b.test", "c.test", "d.test")), "rejectedIdentifier", 400);
    const several = await order(identifiers("-a.test", "b.test", "c_.test-"));
    problem(several, "rejectedIdentifier", 400);
    assert.deepEqual(
      several.json.subproblems.map(({ identifier }) => identifier.value),
      ["-a.test", "c_.test-"],
    );
  });

  test("names count once and in lower case; times that make no sense are refused", async () => {
    await using acme = await startAcme();
    const client = await RawClient.create(acme);
    await client.open();
    const order = await client.post("new-order", {
      identifiers: identifiers("A.Example.test", "a.example.test"),
    });
    assert.deepEqual(order.json.identifiers, identifiers("a.example.test"));
    const timed = (times: object) =>
      client.post("new-order", { identifiers: identifiers("a.test"), ...times });
    problem(await timed({ notAfter: "yesterday" }), "malformed", 400);
    problem(await timed({ notAfter: "2001-01-01T00:00:00Z" }), "malformed", 400);
    const notAfter = new Date(Date.now() + dayMs).toISOString();
    assert.equal((await timed({ notAfter })).status, 201);
  });

  test("the policy is asked for each name, also at finalisation, and each refusal is told", async () => {
    const refused = new Set(["b.example.test"]);
    await using acme = await startAcme({
      policy({ identity, operation, names = [] }) {
        assert.deepEqual([identity.name, identity.roles, operation], ["acme", [], "acme/issue"]);
        if (!names.some((name) => refused.has(name))) return;
        const facts = { code: "PERMISSION_DENIED", category: "permission-denied" } as const;
        throw new DetailedError({ ...facts, attempted: "issue", found: "no rule" });
      },
    });
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    problem(
      await client.post("new-order", { identifiers: identifiers("a.example.test", "b.example.test") }),
      "rejectedIdentifier",
      403,
    );
    const { json } = await readyOrder(client, pages, "a.example.test");
    refused.add("a.example.test");
    const csr = await signingRequest(["a.example.test"]);
    problem(await client.post(json.finalize, { csr }), "rejectedIdentifier", 403);
  });

  test("limits are per account and per identifier, and say when to come back (6.6)", async () => {
    await using acme = await startAcme({ settings: { ordersPerIdentifierHour: 2, ordersPerAccountHour: 3 } });
    const order = (who: RawClient, name: string) => who.post("new-order", { identifiers: identifiers(name) });
    const [client, other] = [await RawClient.create(acme), await RawClient.create(acme)];
    await client.open();
    await other.open();
    assert.equal((await order(client, "a.test")).status, 201);
    assert.equal((await order(other, "a.test")).status, 201);
    const limited = await order(client, "a.test");
    problem(limited, "rateLimited", 429);
    assert.ok(Number(limited.headers["retry-after"]) > 0);
    assert.equal((await order(client, "b.test")).status, 201);
    assert.equal((await order(client, "c.test")).status, 201);
    problem(await order(client, "d.test"), "rateLimited", 429);
  });

  test("too many failed validations of a name block it", async () => {
    await using acme = await startAcme({
      settings: { failuresPerIdentifierHour: 1 },
      config: { validation_attempts: 1 },
    });
    const client = await RawClient.create(acme);
    await client.open();
    const order = await client.post("new-order", { identifiers: identifiers("a.example.test") });
    const [url = ""] = order.json.authorizations;
    await client.post(challengeOf(await client.post(url), "tls-alpn-01").url, {});
    await eventually(async () => assert.equal((await client.post(url)).json.status, "invalid"));
    problem(
      await client.post("new-order", { identifiers: identifiers("a.example.test") }),
      "rateLimited",
      429,
    );
  });
});

describe("finalisation (7.4)", () => {
  test("is refused before the order is ready, and a second time", async () => {
    await using acme = await startAcme();
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    const csr = await signingRequest(["a.example.test"]);
    const order = await client.post("new-order", { identifiers: identifiers("a.example.test") });
    problem(await client.post(order.json.finalize, { csr }), "orderNotReady", 403);
    const issued = await issue(client, pages, ["a.example.test"]);
    problem(await client.post(issued.order.json.finalize, { csr }), "orderNotReady", 403);
  });

  test("takes only a request that is for exactly the order", async () => {
    await using acme = await startAcme();
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    const { json, url } = await readyOrder(client, pages, "a.example.test");
    const finalize = async (csr: string | Promise<string>) => client.post(json.finalize, { csr: await csr });
    problem(await finalize("!"), "malformed", 400);
    problem(await finalize("AAAA"), "badCSR", 400);
    problem(await finalize(signingRequest(["b.example.test"])), "badCSR", 400);
    problem(await finalize(signingRequest(["a.example.test", "b.example.test"])), "badCSR", 400);
    problem(
      await finalize(signingRequest(["a.example.test"], { commonName: "b.example.test" })),
      "badCSR",
      400,
    );
    problem(await finalize(signingRequest(["a.example.test"], { privateKey: client.key })), "badCSR", 400);
    const mustStaple = extension("1.3.6.1.5.5.7.1.24", nothing());
    problem(await finalize(signingRequest(["a.example.test"], { extensions: [mustStaple] })), "badCSR", 400);
    const broken = Buffer.from(await signingRequest(["a.example.test"]), "base64url");
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    problem(await finalize(broken.toString("base64url")), "badCSR", 400);
    assert.equal((await client.post(url)).json.status, "ready");
  });

  test("an order that is too old is invalid, and so is one whose authorization was deactivated (7.1.6)", async () => {
    const clock = shiftedClock();
    await using acme = await startAcme({ clock, settings: { authorizationReuseSeconds: 0 } });
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    const first = await readyOrder(client, pages, "a.example.test");
    const [authorization = ""] = first.json.authorizations;
    const deactivated = await client.post(authorization, { status: "deactivated" });
    assert.equal(deactivated.json.status, "deactivated");
    assert.equal((await client.post(first.url)).json.status, "invalid");
    const second = await readyOrder(client, pages, "a.example.test");
    clock.aheadMs = 2 * dayMs;
    const expired = await client.post(second.url);
    assert.equal(expired.json.status, "invalid");
    assert.match(expired.json.error.detail, /expired/u);
    const csr = await signingRequest(["a.example.test"]);
    problem(await client.post(second.json.finalize, { csr }), "orderNotReady", 403);
    assert.deepEqual((await client.post(`${client.kid}/orders`)).json.orders, []);
  });

  test("what is over is removed a day later, and what is valid stays as long as its certificate", async () => {
    const clock = shiftedClock();
    await using acme = await startAcme({ clock, settings: { certificateLifetimeSeconds: 5 * 86_400 } });
    await using pages = await serveChallenges(acme.httpPort);
    const client = await RawClient.create(acme);
    await client.open();
    await client.post("new-order", { identifiers: identifiers("b.example.test") });
    await issue(client, pages, ["a.example.test"]);
    assert.equal(acme.store.orders.ids().length, 2);
    prune(acme.store, clock.now() + 3 * dayMs);
    assert.deepEqual(
      [...acme.store.orders.values()].map(({ stage }) => stage),
      ["valid"],
    );
    for (let day = 4; day < 20; day++) prune(acme.store, clock.now() + day * dayMs);
    const { orders, authorizations, certificates, limits } = acme.store;
    const left = [orders, authorizations, certificates, limits].flatMap((each) => each.ids());
    assert.deepEqual(left, []);
  });
});

test("certificates are shown to their own account only", async () => {
  await using acme = await startAcme();
  await using pages = await serveChallenges(acme.httpPort);
  const client = await RawClient.create(acme);
  await client.open();
  const { order } = await issue(client, pages, ["a.example.test"], { privateKey: certificateKey() });
  const other = await RawClient.create(acme);
  await other.open();
  problem(await other.post(order.json.certificate), "unauthorized", 403);
  problem(await client.post("certificate/00ff"), "malformed", 404);
  assert.equal(
    (await client.post(order.json.certificate)).headers["content-type"],
    "application/pem-certificate-chain",
  );
});
