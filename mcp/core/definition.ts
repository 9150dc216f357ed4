import { z } from "zod";

import { networkPattern, restartPattern, userPattern } from "./definition/checks.ts";
import { environmentPattern } from "./definition/environment.ts";
import { limits } from "./definition/limits.ts";
import { labelPattern } from "./definition/names.ts";
import { portPattern } from "./definition/ports.ts";
import { hostnamePattern } from "./definition/routes.ts";
import { volumePattern } from "./definition/volumes.ts";

// Types, required keys and unknown keys are checked here; everything else by checkDefinition, which gives
// better messages. The patterns and bounds in `meta` are for editors: they appear in the JSON Schema only.

const durationPattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

const label = (description: string) => z.string().meta({ description, pattern: labelPattern });
const duration = (description: string, example: string) =>
  z.string().meta({ description, pattern: durationPattern, examples: [example] });
const port = (description: string) => z.int().meta({ description, minimum: 1, maximum: 65_535 });
const list = (description: string, item: z.ZodString, maxItems: number = limits.list) =>
  z.array(item).default([]).meta({ description, maxItems });

const routeSchema = z.strictObject({
  name: label(
    "Name of the route. The container gets its port as $PORT_<NAME>; without a name, as $PORT.",
  ).optional(),
  port: port("Public port of the route."),
  mode: z
    .enum(["l4", "l7"])
    .meta({ description: "l4: TLS is passed through to the container. l7: TLS ends at the proxy." }),
  hostname: z
    .string()
    .meta({ description: "Host name. Default: <service>.<zone>.", pattern: hostnamePattern })
    .optional(),
});

const healthSchema = z.strictObject({
  http: z
    .string()
    .meta({ description: "Healthy when a GET of this path answers 200 to 399.", pattern: "^/[^\\s#]*$" })
    .optional(),
  tcp: z.literal(true).meta({ description: "Healthy when a TCP connection is accepted." }).optional(),
  cmd: z
    .array(z.string())
    .meta({
      description: "Healthy when this command exits with 0 inside the container.",
      minItems: 1,
      maxItems: limits.arguments,
    })
    .optional(),
  route: label("Name of the route that http or tcp probes. Default: the component's first.").optional(),
  interval: duration("Time between two probes. Default: 500ms.", "1s").optional(),
  timeout: duration("Time allowed for one probe. Default: 5s.", "2s").optional(),
  deadline: duration("Time allowed from start to healthy. Default: 60s.", "2m").optional(),
  settle: duration("Without a probe: how long it must keep running. Default: 3s.", "10s").optional(),
});

const componentSchema = z.strictObject({
  name: label("Name of the component, unique in the service. Its container is <service>-<name>."),
  image: z.string().meta({
    description: "Full image reference with an explicit tag, which is the version. Never :latest.",
    examples: ["mcr.svc.mcp.metacircular.net:8443/hello:v1.0.0"],
  }),
  network: z
    .string()
    .default("")
    .meta({
      description: "Container network to join. Default: the runtime's.",
      pattern: `${networkPattern}|^$`,
    }),
  user: z
    .string()
    .default("")
    .meta({
      description: "User and group in the container. Default: the image's.",
      pattern: `${userPattern}|^$`,
    }),
  restart: z.string().default("unless-stopped").meta({
    description: "When the container is restarted: no, always, unless-stopped, on-failure or on-failure:N.",
    pattern: restartPattern,
  }),
  ports: list(
    "Fixed ports of the node: [address:]host:container[/protocol]. Prefer routes.",
    z.string().meta({ pattern: portPattern }),
  ),
  volumes: list(
    "Directories of the node, or volumes of the container runtime by name: source:destination[:options].",
    z.string().meta({ pattern: volumePattern }),
  ),
  cmd: list("Command and arguments. Default: the image's.", z.string(), limits.arguments),
  env: list(
    "Environment of the container, as KEY=VALUE.",
    z.string().meta({ pattern: environmentPattern }),
    limits.environment,
  ),
  update: z.enum(["auto", "start-first", "stop-first"]).default("auto").meta({
    description:
      "How a new version takes over. start-first: beside the old one until it is healthy. stop-first: in its place. auto: start-first unless fixed ports or writable volumes forbid it.",
  }),
  routes: z
    .array(routeSchema)
    .default([])
    .meta({ description: "Ports that the agent assigns and the proxy serves.", maxItems: limits.list }),
  health: healthSchema
    .meta({
      description: "When the component counts as healthy: one of http, tcp, cmd.",
      not: {
        anyOf: [{ required: ["http", "tcp"] }, { required: ["http", "cmd"] }, { required: ["tcp", "cmd"] }],
      },
    })
    .optional(),
});

/** The definition file: every key, its type, its default and its description. `checkDefinition` says what
 * types cannot. */
export const definitionSchema = z.strictObject({
  name: label("Name of the service: a DNS label."),
  node: label("Node that the service runs on."),
  active: z.boolean().default(true).meta({
    description: "true: components run. false: they are stopped. `mcp start` and `mcp stop` edit it.",
  }),
  reconcile: z
    .boolean()
    .meta({
      description:
        "true: the agent repairs drift of the service by itself. false: it only reports it. Default: as the agent is configured.",
    })
    .optional(),
  path: z
    .string()
    .meta({ description: "Source directory, relative to the workspace. Default: the service's name." })
    .optional(),
  build: z
    .strictObject({
      images: z.record(z.string(), z.string()).meta({
        description: "Image name to Dockerfile, relative to the source directory.",
        maxProperties: limits.buildImages,
      }),
    })
    .meta({ description: "How the images are built." })
    .optional(),
  components: z
    .array(componentSchema)
    .meta({ description: "The service's containers.", minItems: 1, maxItems: limits.components }),
});

/** A definition as written in a file, with defaults filled in. */
export type Definition = z.output<typeof definitionSchema>;
export type ComponentDefinition = Definition["components"][number];
export type HealthDefinition = NonNullable<ComponentDefinition["health"]>;

/** JSON Schema (draft-07) of the definition file, for editors. */
export function definitionJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(definitionSchema, { target: "draft-7", io: "input" });
  return {
    $schema,
    title: "MCP service definition",
    description: "What should run: the components of one service and the node they run on.",
    ...schema,
  };
}
