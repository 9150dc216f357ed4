import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { labels, type Container } from "../../runtime/runtime.ts";
import { isPortFree, overlaps, parsePublishedPort, type PublishedPort } from "../../ports/published-port.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where a port that the component publishes is held by anything but the container it replaces. */
export async function checkPorts(
  { component, ports }: StepOf<"check-ports">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  const wanted = ports.map(parsePublishedPort).filter((port) => port.hostPort !== 0);
  const containers = await runtime.list(signal);
  const own = (container: Container) =>
    container.labels[labels.service] === service && container.labels[labels.component] === component;
  const holders = containers.filter((container) => container.state === "running");
  const publishes = (container: Container, wantedPort: PublishedPort) =>
    container.ports.map(parsePublishedPort).some((port) => overlaps(port, wantedPort));
  for (const port of wanted) {
    const holder = holders.find((container) => publishes(container, port));
    if (holder !== undefined && own(holder)) continue;
    if (holder === undefined && (await isPortFree(port))) continue;
    throw portInUse(`${service}/${component}`, port, holder?.name);
  }
}

function portInUse(subject: string, { hostPort, protocol }: PublishedPort, holder: string | undefined) {
  return new DetailedError({
    code: "PORT_IN_USE",
    category: "failed-precondition",
    attempted: `publish port ${hostPort}/${protocol} for`,
    subject,
    found: holder === undefined ? "another process on the node has it" : `container ${holder} publishes it`,
    remedy: `stop what uses it (ss -lntup 'sport = :${hostPort}' shows it) or choose another port`,
    facts: { port: String(hostPort) },
  });
}
