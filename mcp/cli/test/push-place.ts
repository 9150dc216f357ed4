import { tokenAdmission } from "@metacircular/mcdsl/auth/admission.ts";
import { makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { startFixture } from "@metacircular/mcdsl/test/grpc-fixture.ts";
import { createRegistryClient } from "@metacircular/mcr/client.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";

import { type BuildPlace, buildDefinition, createBuildPlace, dockerfile } from "./build-place.ts";
import { parsed } from "./tool.ts";

/** What `mcp build` says in JSON. */
export interface BuildAnswer {
  readonly code: number | null;
  readonly stderr: string;
  readonly images: readonly { readonly image: string; readonly result: string; readonly digest: string }[];
  readonly failures: readonly { readonly error: { readonly code: string; readonly found: string } }[];
}

/** A machine that builds, a registry that it pushes to, and a node that does as if it deployed, and has everything of
 * service `kept` already. */
export interface PushPlace extends AsyncDisposable {
  readonly place: BuildPlace;
  readonly registry: TestRegistry;
  /** Services that the node was told to deploy, or that it was sent by a sync. */
  readonly told: string[];
  /** Begins again: nothing told, the administrator's token, the registry in the configuration. */
  reset(): Promise<void>;
  /** Writes the configuration with another registry or authority. */
  configure(registry: { address?: string; caFile?: string }): Promise<void>;
  /** Defines a service with one image of its name. */
  define(service: string, tag: string, ...instructions: string[]): Promise<void>;
  build(...argv: string[]): Promise<BuildAnswer>;
  /** What the registry itself says. */
  digestOf(service: string, tag: string): Promise<string | undefined>;
}

export async function createPushPlace(): Promise<PushPlace> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await createBuildPlace());
  const registry = stack.use(await startTestRegistry());
  const { address, caFile, admin } = registry;
  const credentials = async () => ({ username: admin.name, password: admin.token });
  const client = stack.use(createRegistryClient({ address, caFile, credentials }));
  const told: string[] = [];
  const node = stack.use(await startNode(stack, told));
  const nodes = `[tls]\nca_cert = "${node.caFile}"\n[[nodes]]\nname = "rift"\naddress = "${node.address}"\n`;
  const configure = (other: { address?: string; caFile?: string }): Promise<void> => {
    const chosen = { address, caFile, ...other };
    return place.configure(
      `[registry]\naddress = "${chosen.address}"\nca_cert = "${chosen.caFile}"\n${nodes}`,
    );
  };
  const owned = stack.move();
  return {
    place,
    registry,
    told,
    configure,
    async reset() {
      told.length = 0;
      place.environment["MCP_TOKEN"] = admin.token;
      await configure({});
    },
    async define(service, tag, ...instructions) {
      const image = `${address}/team/${service}:${tag}`;
      await place.define(service, buildDefinition(service, { main: image }, { [service]: "Containerfile" }));
      await place.source({ [`${service}/Containerfile`]: dockerfile(...instructions) });
    },
    async build(...argv) {
      const { code, stdout, stderr } = await place.mcp("build", "-o", "json", ...argv);
      const none = { images: [], failures: [] };
      return {
        ...(stdout === "" ? none : parsed<Omit<BuildAnswer, "code" | "stderr">>(stdout)),
        code,
        stderr,
      };
    },
    digestOf: (service, tag) => client.manifestDigest(`team/${service}`, tag),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startNode(stack: AsyncDisposableStack, told: string[]) {
  const kyle = {
    subject: "id",
    name: "kyle",
    kind: "human",
    roles: ["user"],
    expiresAtMs: Infinity,
  } as const;
  const admit = tokenAdmission({ verify: async () => kyle }, () => undefined);
  return startFixture(
    stack.use(makeCertificates()),
    {
      planDeploy: ({ awaitedImages }) => ({
        steps: [
          { kind: "start", description: `start it${awaitedImages.map((each) => ` of ${each}`).join("")}` },
        ],
      }),
      deploy: ({ service }) => {
        told.push(service?.name ?? "");
        const kept = service?.name === "kept";
        return { outcome: kept ? OperationOutcome.UNCHANGED : OperationOutcome.SUCCEEDED, revision: 1n };
      },
      syncDesiredState: ({ services, dryRun }) => {
        if (!dryRun) told.push(...services.map(({ name }) => name));
        return { results: services.map(({ name }) => ({ name, changed: true })) };
      },
      listServices: () => ({ services: [] }),
    },
    { admit },
  );
}
