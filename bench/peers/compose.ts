import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { logSizeBytes } from "@metacircular/mcp-agent/runtime/podman-spec.ts";
import { type Environment, timeCommand } from "../commands.ts";
import type { PeerContainer } from "./peer-container.ts";

const project = "bench-compose";

/** Makes or replaces a container with `podman-compose up --detach --force-recreate`: without the last word, Debian
 * 12's podman-compose does not notice that the file has changed.
 * @param options.network an existing one to use, since compose would make one of its own
 * @returns milliseconds; writing the file is not counted */
export async function composeUp(
  container: PeerContainer,
  options: { directory: string; network: string; environment: Environment },
): Promise<number> {
  const file = join(options.directory, "compose.json");
  await writeFile(file, composeText(container, options.network));
  const argv = ["podman-compose", "--file", file, "--project-name", project];
  return timeCommand([...argv, "up", "--detach", "--force-recreate"], options.environment);
}

/** JSON, which is YAML. */
function composeText({ name, image, port, env }: PeerContainer, network: string): string {
  const service = {
    container_name: name,
    image,
    init: true,
    restart: "unless-stopped",
    ports: [`127.0.0.1:${port}:${port}`],
    environment: env,
    logging: { driver: "k8s-file", options: { "max-size": String(logSizeBytes) } },
  };
  return JSON.stringify({
    services: { web: service },
    networks: { default: { external: true, name: network } },
  });
}
