import type { ContainerRequest } from "@metacircular/mcp-agent/runtime/runtime.ts";

/** A request for a web server with nothing else set. */
export function aContainer(changes: Partial<ContainerRequest> = {}): ContainerRequest {
  return {
    name: "web",
    image: "localhost/web:v1",
    network: "",
    networkAliases: [],
    user: "",
    restart: "",
    ports: [],
    volumes: [],
    env: [],
    cmd: [],
    labels: {},
    stopTimeoutS: 5,
    ...changes,
  };
}
