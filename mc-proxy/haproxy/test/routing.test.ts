import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ask } from "./ask.ts";
import { echoServer, echoTlsServer } from "./backends.ts";
import { aRoute, aState, createDataPlane } from "./data-plane.ts";

suite("routes", () => {
  test("a terminated and a passed-through name are served on the same port, each by its backend", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using terminated = await echoServer("terminated");
    await using passedThrough = await echoTlsServer("passed through", certificate);
    const routes = [
      aRoute(plane, "one.test", terminated.port),
      aRoute(plane, "two.test", passedThrough.port, { mode: "l4" }),
    ];
    const applied = await engine.apply(aState(plane, { routes }));
    assert.deepEqual(applied, { reloaded: true, changes: 0, problems: [] });
    const ca = certificate.certificate;
    assert.equal((await ask({ port, name: "one.test", ca })).echo().name, "terminated");
    assert.equal((await ask({ port, name: "two.test", ca })).echo().name, "passed through");
  });
});
