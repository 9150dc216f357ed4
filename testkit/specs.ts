import { type ComponentSpec, defaultHealth } from "@metacircular/mcp-core/spec.ts";

/** A component with nothing but a name and an image, and the given fields. */
export function aComponent(fields: Partial<ComponentSpec> = {}): ComponentSpec {
  return {
    name: "api",
    image: "localhost/api:v1",
    network: "",
    user: "",
    restart: "unless-stopped",
    ports: [],
    volumes: [],
    cmd: [],
    env: [],
    routes: [],
    health: defaultHealth,
    update: "auto",
    ...fields,
  };
}
