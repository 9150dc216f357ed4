import { overlaps, type PortMapping } from "@metacircular/mcp-core/definition/ports.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { portProblem } from "../../ports/port-problem.ts";
import { portMappings } from "../../ports/port-mappings.ts";
import { labels } from "../../runtime/runtime.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where a port that the component publishes is held by anything but a container of its own service, which
 * may give it up in the same operation. */
export async function checkPorts(
  { component, ports }: StepOf<"check-ports">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  const running = (await runtime.list(signal)).filter((container) => container.state === "running");
  for (const wanted of portMappings(ports)) {
    const holder = running.find((container) =>
      portMappings(container.ports).some((published) => overlaps(published, wanted)),
    );
    if (holder?.labels[labels.service] === service) continue;
    const problem =
      holder === undefined ? await portProblem(wanted) : `container ${holder.name} publishes it`;
    if (problem !== undefined) throw portInUse(`${service}/${component}`, wanted, problem);
  }
}

function portInUse(subject: string, { hostPort, protocol }: PortMapping, problem: string): DetailedError {
  return new DetailedError({
    code: "PORT_IN_USE",
    category: "failed-precondition",
    attempted: `publish port ${hostPort}/${protocol} for`,
    subject,
    found: problem,
    remedy: `choose another port, or free it: ss -lntup 'sport = :${hostPort}' shows who listens`,
    facts: { port: String(hostPort) },
  });
}
