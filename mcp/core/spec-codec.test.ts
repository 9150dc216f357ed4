import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ServiceSpecSchema, type UpdateStrategy } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import fc from "fast-check";

import { checkDefinition } from "./definition/check-definition.ts";
import { definitionToSpec, specToDefinition } from "./definition/convert.ts";
import { definitionSchema } from "./definition.ts";
import { type ComponentSpec, defaultHealth, type HealthSpec, type ServiceSpec } from "./spec.ts";
import { specFromMessage, specToMessage } from "./spec-codec.ts";

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const durationMs = fc.integer({ min: 100, max: 60_000 });

/** Health that fits a component with the routes, with only those durations changed that have an effect. */
function healthFor(routes: readonly string[]): fc.Arbitrary<HealthSpec> {
  const command = record({
    kind: fc.constant("cmd" as const),
    argv: fc.array(
      fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !text.includes("\0")),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  });
  const route = fc.constantFrom("", ...routes);
  const probe =
    routes.length === 0
      ? command
      : fc.oneof(
          command,
          record({
            kind: fc.constant("http" as const),
            path: fc.constantFrom("/", "/healthz?x=1"),
            route,
          }),
          record({ kind: fc.constant("tcp" as const), route }),
        );
  return fc.oneof(
    record({ settleMs: durationMs }).map(({ settleMs }) => ({ ...defaultHealth, settleMs })),
    record({ probe, intervalMs: durationMs, timeoutMs: durationMs, deadlineMs: durationMs }).map(
      (changed) => ({ ...defaultHealth, ...changed }),
    ),
  );
}

function component(name: string, index: number): fc.Arbitrary<ComponentSpec> {
  return fc.uniqueArray(label, { maxLength: 3 }).chain((routes) =>
    record({
      name: fc.constant(name),
      image: label.map((image) => `localhost/${image}:v1`),
      network: fc.constantFrom("", "bridge", "docker_default"),
      user: fc.constantFrom("", "0:0", "nobody"),
      restart: fc.constantFrom("no", "always", "unless-stopped", "on-failure:3"),
      ports: fc.constantFrom([], [`127.0.0.1:${1000 + index}:80`, `[::1]:${2000 + index}:80/udp`]),
      volumes: fc.constantFrom([], ["/srv/x:/data:ro,Z", "shop-data:/y"]),
      cmd: fc.array(
        fc.string({ maxLength: 8 }).filter((text) => !text.includes("\0")),
        { maxLength: 3 },
      ),
      env: fc.constantFrom([], ["A=", "B=x=y"]),
      routes: fc.constant(
        routes.map((route, at) => ({
          name: at === 0 ? "" : route,
          port: 8000 + index * 10 + at,
          mode: at === 0 ? ("l4" as const) : ("l7" as const),
          hostname: at === 0 ? "" : `${route}.example.net`,
        })),
      ),
      health: healthFor(routes.slice(1)).filter(
        ({ probe }) => routes.length > 0 || probe.kind === "settle" || probe.kind === "cmd",
      ),
      update: fc.constantFrom("auto" as const, "stop-first" as const),
    }),
  );
}

const service: fc.Arbitrary<ServiceSpec> = fc
  .uniqueArray(label, { minLength: 1, maxLength: 3 })
  .chain((names) =>
    record({
      name: label,
      node: label,
      active: fc.boolean(),
      components: fc.tuple(...names.map(component)),
    }),
  );

describe("a spec", () => {
  test("survives the wire unchanged", () => {
    fc.assert(
      fc.property(service, (spec) => {
        const bytes = toBinary(ServiceSpecSchema, specToMessage(spec));
        assert.deepEqual(specFromMessage(fromBinary(ServiceSpecSchema, bytes)), { spec });
      }),
    );
  });

  test("survives being written as a definition", () => {
    fc.assert(
      fc.property(service, (spec) => {
        const definition = definitionSchema.parse(specToDefinition(spec));
        assert.deepEqual(checkDefinition(definition), []);
        assert.deepEqual(definitionToSpec(definition), spec);
      }),
    );
  });
});

describe("specFromMessage", () => {
  test("accepts a client that knows only the fields of the first version, and fills in defaults", () => {
    const message = create(ServiceSpecSchema, {
      name: "metacrypt",
      active: true,
      components: [{ name: "api", image: "localhost/metacrypt:v1.7.0", network: "docker_default" }],
    });
    const result = specFromMessage(message);
    assert.ok("spec" in result);
    assert.deepEqual(result.spec.components[0], {
      name: "api",
      image: "localhost/metacrypt:v1.7.0",
      network: "docker_default",
      user: "",
      restart: "unless-stopped",
      ports: [],
      volumes: [],
      cmd: [],
      env: [],
      routes: [],
      health: defaultHealth,
      update: "auto",
    });
  });

  test("fills in the durations that are unset beside a probe", () => {
    const message = create(ServiceSpecSchema, {
      name: "hello",
      components: [
        {
          name: "hello",
          image: "localhost/hello:v1",
          health: { probe: { case: "command", value: { argv: ["true"] } }, deadline: durationFromMs(5_000) },
        },
      ],
    });
    const result = specFromMessage(message);
    assert.ok("spec" in result);
    const probe = { kind: "cmd", argv: ["true"] };
    assert.deepEqual(result.spec.components[0]?.health, { ...defaultHealth, probe, deadlineMs: 5_000 });
  });

  const bad: [string, Parameters<typeof create<typeof ServiceSpecSchema>>[1], string][] = [
    ["an empty message", {}, "name: service name is empty"],
    ["no components", { name: "a" }, "components: service has no components (add [[components]])"],
    [
      "an unknown update strategy",
      { name: "a", components: [{ name: "a", image: "localhost/a:1", update: 7 as UpdateStrategy }] },
      "components.0.update: update strategy 7 is unknown",
    ],
    [
      "an unknown route mode",
      { name: "a", components: [{ name: "a", image: "localhost/a:1", routes: [{ port: 1, mode: "l5" }] }] },
      'components.0.routes.0.mode: route mode "l5" is unknown (l4 or l7)',
    ],
    [
      "a negative duration",
      {
        name: "a",
        components: [{ name: "a", image: "localhost/a:1", health: { settle: durationFromMs(-1) } }],
      },
      "components.0.health.settle: health settle is out of range (0s to 1h)",
    ],
    [
      "a volume that leaves its directory",
      { name: "a", components: [{ name: "a", image: "localhost/a:1", volumes: ["/srv/../etc:/etc"] }] },
      'components.0.volumes.0: volume "/srv/../etc:/etc" has a source that leads through "..": "/srv/../etc"',
    ],
    [
      "more components than anyone needs",
      { name: "a", components: Array.from({ length: 10_000 }, () => ({ name: "a" })) },
      "components: 10000 components (64 at most)",
    ],
  ];
  for (const [what, init, expected] of bad) {
    test(`refuses ${what}`, () => {
      const result = specFromMessage(create(ServiceSpecSchema, init));
      assert.ok(result.problems !== undefined);
      const lines = result.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
      assert.ok(lines.includes(expected), lines.join("\n"));
    });
  }
});
