import { readFile } from "node:fs/promises";
import tls from "node:tls";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { Pusher } from "./pusher.ts";
import { WebClient } from "./web-client.ts";

/** A real registry with its web pages, and who pushes to it. */
export interface WebWorld extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly pusher: Pusher;
  client(): WebClient;
}

export async function startWebWorld(configuration = ""): Promise<WebWorld> {
  const registry = await startTestRegistry({ configuration });
  const authority = await readFile(registry.caFile, "utf8");
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
  return {
    registry,
    pusher: new Pusher(registry, registry.admin),
    client: () => new WebClient(registry.url),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}
