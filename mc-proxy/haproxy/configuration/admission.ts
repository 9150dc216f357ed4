import type { Limits } from "../../engine/limits.ts";
import { countryOfMap, countryRulesMap, networkRulesMap, trustedMap } from "../entries.ts";
import type { Paths } from "../paths.ts";

/** Who may connect to a public port: the PROXY protocol of listed peers first, since the rules are about the client.
 * @param stage when the rules are judged: `session`, after PROXY protocol and TLS; `connection`, before both */
export function admission(
  port: number,
  paths: Paths,
  limits: Limits,
  stage: "session" | "connection" = "session",
): string[] {
  const inMap = (name: string): string => `src,map_ip(${paths.map(name)}) -m found`;
  const countryRule = `var(sess.country),map_str(${paths.map(countryRulesMap)})`;
  return [
    `tcp-request connection expect-proxy layer4 if { ${inMap(trustedMap)} }`,
    `tcp-request ${stage} set-var(sess.country) src,map_ip(${paths.map(countryOfMap)},-)`,
    // The key has to be in a variable of its own: a map is looked up by one string.
    `tcp-request ${stage} set-var(sess.country) str(${port}|),concat(,sess.country)`,
    `acl denied_network ${inMap(networkRulesMap("deny", port))}`,
    `acl denied_country ${countryRule} -m str deny`,
    `acl allowed_network ${inMap(networkRulesMap("allow", port))}`,
    `acl allowed_country ${countryRule} -m str allow`,
    `tcp-request ${stage} reject if denied_network !allowed_network !allowed_country`,
    `tcp-request ${stage} reject if denied_country !allowed_network !allowed_country`,
    `tcp-request ${stage} track-sc0 src table clients`,
    `tcp-request ${stage} reject if { sc_conn_cur(0) gt ${limits.connectionsPerAddress} }`,
    `tcp-request ${stage} reject if { sc_conn_rate(0) gt ${limits.connectionsPerAddressPer10s} }`,
  ];
}
