import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import type { RegistryCredentials } from "@metacircular/mcr/client.ts";

/** What `podman login` stored for a registry: containers-auth.json(5), the files in the order in which podman looks.
 * Credential helpers are not asked. Undefined: there is none. */
export async function podmanLogin(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RegistryCredentials | undefined> {
  for (const file of loginFiles(environment)) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    const found = text === undefined ? undefined : loginIn(text, address);
    if (found !== undefined) return found;
  }
  return undefined;
}

function loginFiles(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, HOME = homedir() } = environment;
  if (REGISTRY_AUTH_FILE !== undefined && REGISTRY_AUTH_FILE !== "") return [REGISTRY_AUTH_FILE];
  return [
    join(XDG_RUNTIME_DIR ?? `/run/containers/${process.getuid?.() ?? 0}`, "containers/auth.json"),
    join(XDG_CONFIG_HOME ?? join(HOME, ".config"), "containers/auth.json"),
    join(HOME, ".docker/config.json"),
  ];
}

/** The login of a registry in a file of that form. */
export function loginIn(text: string, address: string): RegistryCredentials | undefined {
  try {
    const { auths } = JSON.parse(text) as { auths?: Record<string, { auth?: unknown } | undefined> };
    const auth = auths?.[address]?.auth;
    if (typeof auth !== "string") return undefined;
    const [username = "", ...rest] = Buffer.from(auth, "base64").toString("utf8").split(":");
    return { username, password: rest.join(":") };
  } catch {
    return undefined;
  }
}
