import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { aDeploy, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { planChanges } from "@metacircular/mcp-core/plan-changes.ts";
import type { ImageRegistry } from "../images/image-registry.ts";

const image = "mcr.example.net/web:v1";
const web = [aWeb("v1", { image })];
const old = `sha256:${image}`;
const moved = "sha256:something else";

/** An engine with a registry whose tag can be moved, or that can be down. */
async function aWorld(): Promise<
  Engine & { move(): void; tag: { digest: string | undefined; isDown: boolean } }
> {
  const tag: { digest: string | undefined; isDown: boolean } = { digest: old, isDown: false };
  const imageRegistry: ImageRegistry = {
    address: "mcr.example.net",
    check: async () => {},
    async digestOf() {
      if (!tag.isDown) return tag.digest;
      const facts = { code: "REGISTRY_UNREACHABLE", category: "unavailable", attempted: "ask" } as const;
      throw new DetailedError({ ...facts, found: "no answer" });
    },
    manifest: async () => ({}),
    [Symbol.dispose]: () => {},
  };
  const engine = await createEngine({ imageRegistry });
  const move = (): void => {
    tag.digest = moved;
    engine.runtime.upstream.set(image, "something else");
  };
  return { ...engine, move, tag };
}

const running = ({ runtime }: Engine): string => runtime.container("hello-web").imageId;
const kinds = ({ steps }: { steps: readonly { kind: string }[] }): string[] => steps.map(({ kind }) => kind);

describe("a deploy after a tag moved", () => {
  test("leaves what runs alone, as long as it is not asked to pull", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.move();
    assert.equal((await world.run(aDeploy(web))).outcome, "unchanged");
    assert.equal(running(world), old);
  });

  test("replaces what runs when it is asked to pull, once, and records the registry's digest", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.move();
    const replaced = await world.run(aDeploy(web, { pull: true }));
    assert.equal(replaced.outcome, "succeeded");
    const pulls = replaced.steps.filter(({ kind }) => kind === "pull-image");
    assert.deepEqual(pulls, [{ kind: "pull-image", component: "web", image, refresh: true }]);
    assert.equal(running(world), moved);
    assert.equal(world.registry.components.get("hello", "web")?.imageDigest, moved);
    assert.equal((await world.run(aDeploy(web, { pull: true }))).outcome, "unchanged");
  });

  test("pulls nothing where no tag moved", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    const again = await world.run(aDeploy(web, { pull: true }));
    assert.deepEqual([again.outcome, kinds(again)], ["unchanged", []]);
  });

  test("touches nothing where the registry cannot be asked, or has the tag no more", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.tag.isDown = true;
    await assert.rejects(world.run(aDeploy(web, { pull: true })), { code: "REGISTRY_UNREACHABLE" });
    assert.equal((await world.run(aDeploy(web))).outcome, "unchanged");
    world.tag.isDown = false;
    world.tag.digest = undefined;
    await assert.rejects(world.run(aDeploy(web, { pull: true })), { code: "IMAGE_NOT_FOUND" });
    assert.equal(running(world), old);
  });

  for (const kind of ["pull-image", "create-container", "start-container"] as const)
    test(`is finished by the next agent when it died after ${kind}, also without the registry`, async () => {
      await using world = await aWorld();
      await world.run(aDeploy(web));
      world.move();
      const id = await world.crash(aDeploy(web, { pull: true }), { kind, moment: "after" });
      world.tag.isDown = true;
      await world.restart();
      assert.equal(world.registry.operations.get(id)?.outcome, "succeeded");
      assert.equal(running(world), moved);
    });

  test("is not anticipated by a repair: what ran comes back, and is recorded as before", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.move();
    await world.runtime.pull(image, undefined, { refresh: true });
    await world.runtime.remove("hello-web");
    const repaired = await world.run({ kind: "repair", service: "hello", component: "" });
    assert.equal(repaired.outcome, "succeeded");
    assert.equal(running(world), old);
    assert.equal(world.registry.components.get("hello", "web")?.imageDigest, old);
    assert.equal((await world.run(aDeploy(web))).outcome, "succeeded");
    assert.equal(running(world), moved);
  });

  test("restores the same image where the old container is gone", async () => {
    await using world = await aWorld();
    const stopFirst = [aWeb("v1", { image, update: "stop-first" })];
    await world.run(aDeploy(stopFirst));
    world.move();
    world.atStep({ kind: "await-healthy", moment: "before" }, async () => {
      await world.runtime.remove("hello-web.previous");
      throw new Error("not healthy");
    });
    const failed = await world.run(aDeploy(stopFirst, { pull: true }));
    assert.equal(failed.outcome, "restored");
    assert.equal(running(world), old);
    assert.equal(world.registry.components.get("hello", "web")?.imageDigest, old);
  });

  test("restores what ran when what the tag names now does not run", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.move();
    world.atStep({ kind: "await-healthy", moment: "before" }, () => {
      throw new Error("not healthy");
    });
    const failed = await world.run(aDeploy(web, { pull: true }));
    assert.equal(failed.outcome, "restored");
    assert.equal(running(world), old);
    assert.equal(world.registry.components.get("hello", "web")?.imageDigest, old);
  });

  test("is foreseen for an image that is yet to be built, which no registry is asked for", async () => {
    await using world = await aWorld();
    await world.run(aDeploy(web));
    world.tag.digest = undefined;
    const preview = async (pull: boolean, awaitedImages: readonly string[]) => {
      const intent = aDeploy(web, { pull, awaitedImages });
      const { steps, input } = await world.deployer().preview(intent);
      const [change] = planChanges(steps, intent.spec, web, input);
      const pulled = steps.some((step) => step.kind === "pull-image" && step.refresh === true);
      return [change?.action, change?.fields.map(({ after }) => after), pulled];
    };
    assert.deepEqual(await preview(false, []), ["none", [], false]);
    assert.deepEqual(await preview(false, [image]), ["replace", [`${image} (to be built)`], false]);
    assert.deepEqual(await preview(true, [image]), ["replace", [`${image} (to be built)`], true]);
    await assert.rejects(preview(true, []), { code: "IMAGE_NOT_FOUND" });
  });
});
