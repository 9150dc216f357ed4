import { homedir } from "node:os";
import type { Announcement } from "@metacircular/mcp-core/alert.ts";

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment of the alert command: what it is told, and of the agent's own environment only where
 * programs and the home directory are. */
export function alertEnvironment(announcement: Announcement, node: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? defaultPath,
    HOME: homedir(),
    MCP_COMPONENT: announcement.component,
    MCP_SERVICE: announcement.service,
    MCP_NODE: node,
    MCP_DESIRED: announcement.desired,
    MCP_OBSERVED: announcement.observed,
    MCP_PREV_STATE: announcement.previous,
    MCP_ALERT_TYPE: announcement.type,
    ...ofType(announcement),
  };
}

function ofType(announcement: Announcement): Record<string, string> {
  switch (announcement.type) {
    case "flapping":
      return { MCP_TRANSITIONS: String(announcement.transitions) };
    case "recovered": {
      const seconds = Math.round(announcement.durationMs / 1_000);
      return { MCP_RECOVERED_TYPE: announcement.recovered, MCP_DURATION: String(seconds) };
    }
    default:
      return {};
  }
}
