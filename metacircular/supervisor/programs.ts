import { basename, join } from "node:path";
import type { StateLayout } from "../store/layout.ts";

export type ProgramName = "mcias" | "metacrypt" | "mcns" | "mc-proxy" | "mcr" | "mcp-agent";

/** A program that the supervisor keeps running. */
export interface Program {
  readonly name: ProgramName;
  readonly argv: readonly string[];
  /** When one of these files changes, the program is restarted. */
  readonly inputs: readonly string[];
  /** Time to end after SIGTERM. */
  readonly stopTimeoutMs: number;
}

/** In the order in which they start; they stop in the reverse order. */
export function programs(layout: StateLayout, checkout: string): readonly Program[] {
  const server = (name: ProgramName, { config }: { config: string }): string[] => {
    return [join(checkout, "bin", name), "server", "--config", config];
  };
  const { identity, metacrypt, nameServer, proxy, registry, agent, authorityCertificate } = layout;
  return [
    {
      name: "mcias",
      argv: server("mcias", identity),
      inputs: [identity.config, identity.certificate, identity.key],
      stopTimeoutMs: 10_000,
    },
    {
      name: "metacrypt",
      argv: server("metacrypt", metacrypt),
      inputs: [metacrypt.config, metacrypt.certificate, metacrypt.key, agent.token, authorityCertificate],
      stopTimeoutMs: 15_000,
    },
    {
      name: "mcns",
      argv: server("mcns", nameServer),
      inputs: [nameServer.config, nameServer.certificate, nameServer.key, agent.token, authorityCertificate],
      stopTimeoutMs: 15_000,
    },
    {
      name: "mc-proxy",
      argv: server("mc-proxy", proxy),
      inputs: [proxy.config],
      stopTimeoutMs: 15_000,
    },
    {
      name: "mcr",
      argv: server("mcr", registry),
      inputs: [registry.config, registry.certificate, registry.key, agent.token, authorityCertificate],
      stopTimeoutMs: 15_000,
    },
    {
      name: "mcp-agent",
      argv: server("mcp-agent", agent),
      inputs: [agent.config, agent.certificate, agent.key, agent.token, authorityCertificate],
      stopTimeoutMs: 30_000,
    },
  ];
}

/** Whether a process is an instance of the program, whichever checkout or Node.js runs it: no two programs
 * are ever started with the same configuration file. */
export function isInstance(program: Program, argv: readonly string[]): boolean {
  const own = program.argv.slice(-3);
  return argv.length > own.length && own.every((text, index) => argv.at(index - own.length) === text);
}

/** Whether a process serves for the proxy. It goes on when the proxy is killed, and the next proxy takes it over. */
export function isDataPlane({ proxy }: StateLayout, argv: readonly string[]): boolean {
  const [program = ""] = argv;
  return basename(program) === "haproxy" && argv.some((text) => text.startsWith(`${proxy.runtime}/`));
}
