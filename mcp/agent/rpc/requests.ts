import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { checkLabel } from "@metacircular/mcp-core/definition/names.ts";
import { specFromMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { ServiceSpec as ServiceMessage } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { Registry } from "../registry/registry.ts";

const operationIdForm = /^[A-Za-z0-9._:-]{1,128}$/u;

/** The caller's operation id, or a new one. */
export function decodeOperationId(id: string, newId: () => string): string {
  if (id === "") return newId();
  if (operationIdForm.test(id)) return id;
  throw invalid("OPERATION_ID_INVALID", "use the operation id", "it is not 1-128 of A-Z a-z 0-9 . _ : -");
}

/** The specification that a client sent, checked by the same rules as a definition file.
 * @param attempted what it was sent for */
export function decodeSpec(
  message: ServiceMessage | undefined,
  node: string,
  attempted = "deploy",
): ServiceSpec {
  if (message === undefined) {
    throw invalid("DEFINITION_INVALID", attempted, "the request has no service");
  }
  const decoded = specFromMessage(message);
  if (decoded.problems !== undefined) {
    const found = decoded.problems.map((problem) => `${problem.path.join(".")}: ${problem.message}`);
    throw invalid("DEFINITION_INVALID", `${attempted} ${message.name}`, found.join("; "));
  }
  const { spec } = decoded;
  if (spec.node !== "" && spec.node !== node) {
    throw new DetailedError({
      code: "WRONG_NODE",
      category: "failed-precondition",
      attempted,
      subject: spec.name,
      found: `its definition names node ${spec.node}, but this agent is ${node}`,
      remedy: "correct the definition, or the node's address in the client's configuration",
    });
  }
  return spec;
}

/** Throws where no service can have that name. */
export function requireServiceName(service: string, attempted: string): void {
  const [problem] = checkLabel("service", service, []);
  if (problem !== undefined) throw invalid("NAME_INVALID", attempted, problem.message);
}

/** Throws where the registry has no such service, or the service no such component. */
export function requireService(registry: Registry, service: string, component = ""): void {
  const registered = registry.service(service);
  if (registered === undefined) {
    throw new DetailedError({
      code: "SERVICE_NOT_FOUND",
      category: "not-found",
      attempted: "find service",
      subject: service,
      found: "it is not deployed on this node",
      remedy: "mcp list shows what is; mcp deploy creates it",
    });
  }
  if (component === "" || registered.components.some((entry) => entry.spec.name === component)) return;
  throw componentNotFound(
    service,
    component,
    registered.components.map((entry) => entry.spec.name),
  );
}

export function componentNotFound(
  service: string,
  component: string,
  known: readonly string[],
): DetailedError {
  return new DetailedError({
    code: "COMPONENT_NOT_FOUND",
    category: "not-found",
    attempted: "find component",
    subject: `${service}/${component}`,
    found: `${service} has ${known.join(", ")}`,
    remedy: "name one of these",
  });
}

function invalid(code: string, attempted: string, found: string): DetailedError {
  return new DetailedError({
    code,
    category: "invalid-argument",
    attempted,
    found,
    remedy: "correct the request",
  });
}
