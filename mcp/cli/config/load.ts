import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Architecture } from "./node-rules.ts";
import { configFile } from "./paths.ts";
import { plainSettings } from "./plain-settings.ts";
import type { Settings } from "./schema.ts";

export interface NodeConfig {
  readonly name: string;
  /** `host:port` */
  readonly address: string;
  /** Name in the agent's certificate; undefined: the host of the address. */
  readonly serverName: string | undefined;
  /** What images for it are built for; undefined: what this machine is. */
  readonly architecture: Architecture | undefined;
}

/** Configuration with every path absolute. */
export interface CliConfig {
  readonly file: string;
  readonly servicesDirectory: string;
  readonly identity: {
    /** Undefined: not configured; only a ready-made token can be used. */
    readonly issuer: string | undefined;
    readonly caFile: string | undefined;
    readonly serviceName: string;
  };
  readonly tokenFile: string;
  /** Of a system account, for unattended use. */
  readonly credentials: { readonly username: string; readonly passwordFile: string } | undefined;
  /** Trusted for agents; undefined: the well-known authorities. */
  readonly agentCaFile: string | undefined;
  /** Directory below which the sources of images are; undefined: nothing is built. */
  readonly workspace: string | undefined;
  /** The registry that takes logins of the identity service; undefined: none. */
  readonly registry: { readonly address: string; readonly caFile: string | undefined } | undefined;
  readonly nodes: readonly NodeConfig[];
}

/** Reads the configuration. Highest first: the flag, the environment, the file.
 * @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export async function loadCliConfig(flag: string | undefined, environment: Environment): Promise<CliConfig> {
  const file = resolve(configFile(flag, environment, homedir()));
  const settings = plainSettings(file, environment) ?? (await loadWithSchema(file, environment));
  const directory = dirname(file);
  const path = (text: string) => resolve(directory, text);
  const optionalPath = (text: string) => (text === "" ? undefined : path(text));
  const { services, mcias, auth, tls, build, registry } = settings;
  const agentCaFile = optionalPath(tls.ca_cert === "" ? mcias.ca_cert : tls.ca_cert);
  return {
    file,
    servicesDirectory: path(services.dir ?? join(directory, "services")),
    identity: {
      issuer: mcias.server_url === "" ? undefined : mcias.server_url,
      caFile: optionalPath(mcias.ca_cert),
      serviceName: mcias.service_name,
    },
    tokenFile: path(auth.token_path ?? join(directory, "token")),
    credentials:
      auth.username === "" ? undefined : { username: auth.username, passwordFile: path(auth.password_file) },
    agentCaFile,
    workspace: build.workspace === undefined ? undefined : path(build.workspace),
    registry:
      registry.address === ""
        ? undefined
        : { address: registry.address, caFile: optionalPath(registry.ca_cert) ?? agentCaFile },
    nodes: settings.nodes.map(({ name, address, server_name, arch }) => ({
      name,
      address,
      serverName: server_name,
      architecture: arch,
    })),
  };
}

/** Loads the library for schemas, which takes longer than a query: only for what needs it. */
async function loadWithSchema(file: string, environment: Environment): Promise<Settings> {
  const { loadConfig } = await import("@metacircular/mcdsl/config/load.ts");
  const { configSchema } = await import("./schema.ts");
  try {
    return loadConfig({ schema: configSchema, file, environmentPrefix: "MCP", environment });
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || thrown.code !== "CONFIG_NOT_FOUND") throw thrown;
    throw new DetailedError({
      code: thrown.code,
      category: thrown.category,
      attempted: thrown.attempted,
      subject: thrown.subject,
      found: thrown.found,
      remedy:
        'after `make up`, run eval "$(bin/metacircular env)"; else name another with --config or MCP_CONFIG, or begin one with `mcp node add`',
      cause: thrown,
    });
  }
}
