import { join } from "node:path";
import type { ServerLayout, StateLayout } from "../store/layout.ts";

/** A program that the supervisor keeps running. */
export interface Program {
  readonly name: "mcias" | "mcp-agent";
  readonly argv: readonly string[];
  /** When one of these files changes, the program is restarted. */
  readonly inputs: readonly string[];
  /** Time to end after SIGTERM. */
  readonly stopTimeoutMs: number;
}

/** In the order in which they start; they stop in the reverse order. */
export function programs(layout: StateLayout, checkout: string): readonly Program[] {
  const server = (name: Program["name"], { config }: ServerLayout): string[] => {
    return [join(checkout, "bin", name), "server", "--config", config];
  };
  const { identity, agent } = layout;
  return [
    {
      name: "mcias",
      argv: server("mcias", identity),
      inputs: [identity.config, identity.certificate, identity.key],
      stopTimeoutMs: 10_000,
    },
    {
      name: "mcp-agent",
      argv: server("mcp-agent", agent),
      inputs: [agent.config, agent.certificate, agent.key, agent.token, layout.authorityCertificate],
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
