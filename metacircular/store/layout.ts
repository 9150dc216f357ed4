import { join } from "node:path";

/** Where everything lies in a state directory. */
export interface StateLayout {
  readonly root: string;
  /** Says whose directory this is and in which version. */
  readonly marker: string;
  /** Choices that have to stay the same: ports, name of the node. */
  readonly settings: string;
  /** What the supervisor last wrote about its processes. */
  readonly record: string;
  /** Held by the one supervisor for as long as it lives. */
  readonly supervisorLock: string;
  /** Held while a command changes the directory. */
  readonly commandLock: string;
  readonly authority: string;
  readonly authorityCertificate: string;
  /** Secret. */
  readonly authorityKey: string;
  readonly identity: ServerLayout;
  readonly metacrypt: ServerLayout & {
    /** Opens the seal without anybody being asked. Secret. */
    readonly unsealKey: string;
  };
  readonly proxy: Pick<ServerLayout, "directory" | "config" | "database"> & {
    /** Its sockets, and what its data plane reads. */
    readonly runtime: string;
    readonly socket: string;
    /** Certificates of host names with their keys. */
    readonly certificates: string;
  };
  readonly nameServer: ServerLayout;
  readonly registry: ServerLayout & {
    /** Content of images. */
    readonly storage: string;
  };
  readonly agent: ServerLayout & {
    /** The agent's own bearer token. Secret. */
    readonly token: string;
    /** Its sockets. */
    readonly runtime: string;
    /** Key of the binding named in the settings. Secret. */
    readonly acmeKey: string;
  };
  readonly operator: {
    readonly directory: string;
    /** Configuration of `mcp`. */
    readonly config: string;
    /** Secret. */
    readonly password: string;
    /** Secret. */
    readonly token: string;
    /** Service definitions. */
    readonly definitions: string;
    /** Sources from which images are built, `<workspace>/<service>/`. */
    readonly workspace: string;
  };
  /** Data of the services, `<data>/<service>/`. */
  readonly data: string;
  readonly logs: string;
}

export interface ServerLayout {
  readonly directory: string;
  readonly config: string;
  readonly database: string;
  readonly certificate: string;
  /** Secret. */
  readonly key: string;
}

export function layoutOf(root: string): StateLayout {
  const at = (...parts: string[]): string => join(root, ...parts);
  const server = (name: string, program: string): ServerLayout => ({
    directory: at(name),
    config: at(name, `${program}.toml`),
    database: at(name, `${name}.db`),
    certificate: at(name, "certs", "cert.pem"),
    key: at(name, "certs", "key.pem"),
  });
  return {
    root,
    marker: at("metacircular.json"),
    settings: at("platform.json"),
    record: at("supervisor.json"),
    supervisorLock: at("locks", "supervisor.lock"),
    commandLock: at("locks", "command.lock"),
    authority: at("ca"),
    authorityCertificate: at("ca", "root.pem"),
    authorityKey: at("ca", "root-key.pem"),
    identity: server("mcias", "mcias"),
    metacrypt: { ...server("metacrypt", "metacrypt"), unsealKey: at("metacrypt", "unseal-key") },
    proxy: {
      directory: at("mc-proxy"),
      config: at("mc-proxy", "mc-proxy.toml"),
      database: at("mc-proxy", "mc-proxy.db"),
      runtime: at("mc-proxy", "run"),
      socket: at("mc-proxy", "run", "admin.sock"),
      certificates: at("mc-proxy", "certs"),
    },
    nameServer: server("mcns", "mcns"),
    registry: { ...server("mcr", "mcr"), storage: at("mcr", "storage") },
    agent: {
      ...server("mcp", "mcp-agent"),
      token: at("mcp", "token"),
      runtime: at("mcp", "run"),
      acmeKey: at("mcp", "acme-key"),
    },
    operator: {
      directory: at("operator"),
      config: at("operator", "mcp.toml"),
      password: at("operator", "password"),
      token: at("operator", "token"),
      definitions: at("operator", "services"),
      workspace: at("operator", "workspace"),
    },
    data: at("srv"),
    logs: at("logs"),
  };
}

/** Directories that exist from the beginning. */
export function directoriesOf(layout: StateLayout): string[] {
  const { root, identity, metacrypt, proxy, nameServer, registry, agent, operator, data, logs } = layout;
  return [
    join(root, "locks"),
    ...[identity, metacrypt, nameServer, registry, agent].map(({ directory }) => join(directory, "certs")),
    proxy.runtime,
    proxy.certificates,
    agent.runtime,
    operator.definitions,
    operator.workspace,
    data,
    logs,
  ];
}

/** File that a program's output goes to. */
export function logFile(layout: StateLayout, program: string): string {
  return join(layout.logs, `${program}.log`);
}
