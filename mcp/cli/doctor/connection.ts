import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { connectionFailure, isTlsCode } from "@metacircular/mcdsl/http/connection-failure.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { judgeExpiry } from "@metacircular/mcp-core/doctor/certificate-expiry.ts";
import { type Finding, fine, type Judgement, named, problem } from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig, NodeConfig } from "../config/load.ts";
import { type Handshake, shakeHands } from "./handshake.ts";

/** Whether a node can be reached and shows a certificate that will do. */
export async function examineConnection(
  node: NodeConfig,
  config: CliConfig,
  context: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<{ usable: boolean; findings: Finding[] }> {
  const { signal, nowMs } = context;
  try {
    const handshake = await shakeHands(node, config.agentCaFile, signal);
    const judged = judgeHandshake(node, handshake, { nowMs, file: config.file, caFile: config.agentCaFile });
    const reached = fine(node.address, `it answers at ${handshake.addresses.join(", ")}`);
    return {
      usable: judged.every(({ severity }) => severity !== "problem"),
      findings: [...named("reachability", [reached]), ...named("tls", judged)],
    };
  } catch (error) {
    signal.throwIfAborted();
    const check = isTlsCode(systemCodeOf(error)) ? "tls" : "reachability";
    return { usable: false, findings: named(check, [judgeFailure(node, error)]) };
  }
}

export function judgeFailure({ address }: NodeConfig, error: unknown): Judgement {
  if (error instanceof Error && error.name === "AbortError") {
    return problem(
      address,
      "no connection within 5 s",
      "look for a firewall between, and whether the machine is up",
    );
  }
  const code = systemCodeOf(error);
  if (code === "ENOENT" || code === "EACCES") {
    return problem(address, messageOf(error), "correct ca_cert in [tls]");
  }
  const { found, remedy } = connectionFailure(address, error);
  const byCode: Partial<Record<string, string>> = {
    ECONNREFUSED: "start the agent there: systemctl start mcp-agent; see journalctl -u mcp-agent",
    ENOTFOUND: "correct the node's address in the configuration, or mend the name service",
    EAI_AGAIN: "mend this machine's name service",
  };
  return problem(address, found, byCode[code] ?? remedy);
}

/** @param context.file with the configuration */
export function judgeHandshake(
  { name, address, serverName }: NodeConfig,
  { protocol, distrust, wrongName, issuer, names, validFromMs, validToMs }: Handshake,
  context: { readonly nowMs: number; readonly file: string; readonly caFile: string | undefined },
): Judgement[] {
  const { nowMs, file, caFile = "the well-known authorities" } = context;
  const expected = serverName ?? address.replace(/:\d+$/, "");
  return [
    protocol === "TLSv1.3"
      ? fine(address, "TLS 1.3")
      : problem(
          address,
          `it speaks ${protocol}, not TLS 1.3`,
          "is it an agent? correct the port in the configuration",
        ),
    distrust === ""
      ? fine(address, "its certificate comes from a trusted authority")
      : problem(
          address,
          `its certificate comes from ${issuer}, for which ${caFile} does not vouch (${distrust})`,
          `name the file with that authority as ca_cert in [tls] of ${file}`,
        ),
    wrongName === ""
      ? fine(address, `its certificate is for ${expected}`)
      : problem(
          address,
          `its certificate is for ${names === "" ? "no name" : names}, not for ${expected}`,
          `set server_name of node ${name} in ${file} to a name of the certificate, or have one issued for ${expected}`,
        ),
    judgeExpiry(address, { validFromMs, validToMs, nowMs }, `renew the certificate on node ${name}`),
  ];
}
