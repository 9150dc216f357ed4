import type { MessageInitShape } from "@bufbuild/protobuf";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import { blockedComponents } from "@metacircular/mcp-core/plan-sync.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { ServiceSyncResultSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { failureOf } from "../deploy/failure.ts";
import { encodeFailure } from "./encode-operation.ts";

type Notes = Pick<MessageInitShape<typeof ServiceSyncResultSchema>, "notes" | "error">;

/** What a sync leaves to others: what only a deploy does, and containers that are in the way. */
export function syncNotes(declared: ServiceSpec, input: PlanInput): Notes {
  const { name } = declared;
  const undeclared = (input.registered?.components ?? [])
    .map(({ spec }) => spec.name)
    .filter((component) => !declared.components.some((entry) => entry.name === component));
  const blocked = blockedComponents(declared, input).map((component) => containerName(name, component.name));
  const notes = [
    ...undeclared.map(
      (component) =>
        `${component} is not in the definition: mcp deploy ${name} removes it, mcp purge forgets it once it is stopped`,
    ),
    ...(declared.active ? pending(declared, input, new Set(blocked)) : []),
  ];
  return { notes, ...(blocked.length === 0 ? {} : { error: encodeFailure(inTheWay(name, blocked)) }) };
}

/** Components of an active service that do not run, or not as declared. */
function pending(declared: ServiceSpec, { observed }: PlanInput, blocked: ReadonlySet<string>): string[] {
  const wanted = declared.components.filter(({ name }) => !blocked.has(containerName(declared.name, name)));
  const running = (name: string) =>
    observed.get(name)?.find((container) => container.slot === "current" && container.running);
  const missing = wanted.filter(({ name }) => running(name) === undefined).map(({ name }) => name);
  const outdated = wanted
    .filter((spec) => {
      const container = running(spec.name);
      return container !== undefined && container.specHash !== containerHash(spec);
    })
    .map(({ name }) => name);
  const action = `mcp deploy ${declared.name}`;
  return [
    ...(outdated.length === 0 ? [] : [`changed since deployed: ${outdated.join(", ")}: ${action}`]),
    ...(missing.length === 0 ? [] : [`not running: ${missing.join(", ")}: ${action}`]),
  ];
}

function inTheWay(service: string, containers: readonly string[]) {
  const error = new DetailedError({
    code: "NAME_IN_USE",
    category: "already-exists",
    attempted: "sync",
    subject: service,
    found: `containers that MCP does not manage have its names: ${containers.join(", ")}`,
    remedy: `take them over with: mcp adopt ${service}; or rename or remove them`,
  });
  return failureOf(error, "sync");
}
