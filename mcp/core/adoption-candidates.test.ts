import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { adoptionCandidates, nearlyCandidates, type NamedContainer } from "./adoption-candidates.ts";

const named = (name: string, fields: Partial<NamedContainer> = {}): NamedContainer => ({
  name,
  labelled: undefined,
  project: undefined,
  ...fields,
});

function taken(
  service: string,
  containers: readonly NamedContainer[],
  known: readonly string[] = [],
): string[] {
  return adoptionCandidates(service, containers, known).map(
    ({ container, component }) => `${container.name}=${component}`,
  );
}

describe("the containers of a service", () => {
  test("are those with its name and a dash before theirs, and the one with its bare name", () => {
    const containers = ["shop-web", "shop-web-1", "shop", "shopping-web", "web-shop", "shop_web"].map(
      (name) => named(name),
    );
    assert.deepEqual(taken("shop", containers), ["shop-web=web", "shop-web-1=web-1", "shop=shop"]);
  });

  test("are never mc-proxy and what begins so for a service mc, whatever is known", () => {
    const containers = ["mc-proxy", "mc-proxy-log", "mc-api"].map((name) => named(name));
    assert.deepEqual(taken("mc", containers), ["mc-api=api"]);
    assert.deepEqual(taken("mc-proxy", containers), ["mc-proxy=mc-proxy", "mc-proxy-log=log"]);
  });

  test("are not those of a longer service that the registry manages or a definition describes", () => {
    const containers = ["shop-admin-web", "shop-admin", "shop-web"].map((name) => named(name));
    assert.deepEqual(taken("shop", containers, ["shop-admin"]), ["shop-web=web"]);
    assert.deepEqual(taken("shop", containers, ["shop"]), [
      "shop-admin-web=admin-web",
      "shop-admin=admin",
      "shop-web=web",
    ]);
  });

  test("are not those with a label of another service, nor others named like that one", () => {
    const containers = [
      named("shop-admin-web", { labelled: "shop-admin" }),
      named("shop-admin-db"),
      named("shop-web"),
    ];
    assert.deepEqual(taken("shop", containers), ["shop-web=web"]);
  });

  test("include one with the service's own label, which the registry may have lost", () => {
    assert.deepEqual(taken("shop", [named("shop-web", { labelled: "shop" })]), ["shop-web=web"]);
  });

  test("are not those of a compose project with a longer name, but of one with any other name", () => {
    const containers = [
      named("shop-admin-web-1", { project: "shop-admin" }),
      named("shop-admin-cron"),
      named("shop-web", { project: "infrastructure" }),
      named("shop-db", { project: "shop" }),
    ];
    assert.deepEqual(taken("shop", containers), ["shop-web=web", "shop-db=db"]);
  });

  test("keep their whole name where the component's container would be called otherwise", () => {
    assert.deepEqual(taken("a", [named("a"), named("a-a")]), ["a=a", "a-a=a-a"]);
  });
});

test("what was meant is found whatever joins the words", () => {
  assert.deepEqual(nearlyCandidates("shop", ["shop_web_1", "Shop.web", "myshop-db", "blog"]), [
    "shop_web_1",
    "Shop.web",
    "myshop-db",
  ]);
});
