import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { selfSigned } from "@metacircular/testkit/self-signed.ts";
import type { DesiredState, EngineRoute } from "../../engine/desired-state.ts";
import { ask } from "./ask.ts";
import { type Backend, echoServer, echoTlsServer } from "./backends.ts";
import { aCertificate, aRoute, aState, createDataPlane, type TestDataPlane } from "./data-plane.ts";
import { type Load, startLoad } from "./load.ts";

suite("under load", () => {
  test("200 routes come and go one by one, and no request to the others fails", async () => {
    await using site = await createSite();
    const { plane, load, state, routes } = site;
    const present = [...routes];
    for (let index = 0; index < 200; index += 1) {
      present.push(aRoute(plane, `r${index}.wild.test`, site.http.port));
      assert.equal((await plane.engine.apply(state({ routes: [...present] }))).reloaded, false);
      if (index % 50 === 0) await isServed(plane, `r${index}.wild.test`);
    }
    while (present.length > routes.length) {
      present.pop();
      assert.equal((await plane.engine.apply(state({ routes: [...present] }))).reloaded, false);
    }
    await endsWithoutFailure(load);
  });

  test("a route moves to and fro 100 times, and no request fails", async () => {
    await using site = await createSite();
    const { plane, load, state, routes } = site;
    await using other = await echoServer("other");
    for (let index = 0; index < 100; index += 1) {
      const backend = { host: "127.0.0.1", port: index % 2 === 0 ? other.port : site.http.port };
      const moved = routes.map((route) => (route.mode === "l7" ? { ...route, backend } : route));
      assert.equal((await plane.engine.apply(state({ routes: moved }))).reloaded, false);
    }
    await endsWithoutFailure(load);
  });

  test("50 certificates come, are renewed and go, and no request fails", async () => {
    await using site = await createSite();
    const { plane, load, state } = site;
    const own = aCertificate(plane.certificate);
    const [one, two] = await Promise.all([selfSigned("x.wild.test"), selfSigned("x.wild.test")]);
    for (let index = 0; index < 50; index += 1) {
      const certificates = [own, aCertificate(index % 2 === 0 ? one : two, `c${index % 5}`)];
      assert.equal((await plane.engine.apply(state({ certificates }))).reloaded, false);
    }
    await endsWithoutFailure(load);
  });

  test("the only L4 route of a port comes and goes by reloads, and no request to the others fails", async () => {
    await using site = await createSite(["one.test"]);
    const { plane, load, state, routes, passedThrough } = site;
    for (let index = 0; index < 6; index += 1) {
      const isThere = index % 2 === 0;
      const present = isThere ? [...routes, passedThrough] : routes;
      assert.equal((await plane.engine.apply(state({ routes: present }))).reloaded, true);
      if (isThere) await isServed(plane, "two.test");
      else await assert.rejects(isServed(plane, "two.test"));
      const enough = load.succeeded + 50;
      await eventually(() => assert.ok(load.succeeded > enough || load.failures.length > 0));
    }
    await endsWithoutFailure(load);
  });

  test("a port of L7 routes only serves them, and no request fails while they come and go", async () => {
    await using site = await createSite(["one.test"]);
    const { plane, load, state, routes, http } = site;
    const more = aRoute(plane, "more.wild.test", http.port);
    for (let index = 0; index < 100; index += 1) {
      const present = index % 2 === 0 ? [...routes, more] : routes;
      assert.equal((await plane.engine.apply(state({ routes: present }))).reloaded, false);
      if (index % 10 === 0) await isServed(plane, "more.wild.test");
      if (index % 10 === 1) await assert.rejects(isServed(plane, "more.wild.test"));
    }
    await endsWithoutFailure(load);
  });

  test("listeners come and go by reloads, and no request to the others fails", async () => {
    await using site = await createSite();
    const { plane, load, state } = site;
    const first = { port: plane.port, address: "127.0.0.1" };
    const more = { port: await freePort(), address: "127.0.0.1" };
    for (let index = 0; index < 6; index += 1) {
      const listeners = index % 2 === 0 ? [first, more] : [first];
      assert.equal((await plane.engine.apply(state({ listeners }))).reloaded, true);
      const enough = load.succeeded + 50;
      await eventually(() => assert.ok(load.succeeded > enough || load.failures.length > 0));
    }
    assert.equal((await plane.engine.stats()).reloads, 6);
    await endsWithoutFailure(load);
  });
});

interface Site extends AsyncDisposable {
  readonly plane: TestDataPlane;
  readonly http: Backend;
  /** Those that are under load: `one.test` is terminated, `two.test` passed through. */
  readonly routes: readonly EngineRoute[];
  /** That of `two.test`. */
  readonly passedThrough: EngineRoute;
  readonly load: Load;
  readonly state: (parts: Partial<DesiredState>) => DesiredState;
}

async function createSite(names: readonly string[] = ["one.test", "two.test"]): Promise<Site> {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await createDataPlane());
  const { port, certificate } = plane;
  const http = stack.use(await echoServer("http"));
  const tls = stack.use(await echoTlsServer("tls", certificate));
  const passedThrough = aRoute(plane, "two.test", tls.port, { mode: "l4" });
  const both = [aRoute(plane, "one.test", http.port), passedThrough];
  const routes = both.filter(({ hostname }) => names.includes(hostname));
  const state = (parts: Partial<DesiredState>): DesiredState => aState(plane, { routes, ...parts });
  await plane.engine.apply(state({}));
  const ca = certificate.certificate;
  const load = stack.use(startLoad(...names.map((name) => ({ port, name, ca }))));
  const whole = stack.move();
  return {
    plane,
    http,
    routes,
    passedThrough,
    load,
    state,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function isServed({ port, certificate }: TestDataPlane, name: string): Promise<void> {
  assert.equal((await ask({ port, name, ca: certificate.certificate })).status, 200);
}

async function endsWithoutFailure(load: Load): Promise<void> {
  await eventually(() => assert.ok(load.succeeded > 200 || load.failures.length > 0));
  await load.stop();
  assert.deepEqual([...new Set(load.failures)].slice(0, 10), []);
}
