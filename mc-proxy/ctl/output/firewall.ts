import { FirewallAction, type FirewallRule } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";

export function firewallTable(rules: readonly FirewallRule[]): string[] {
  return formatTable(
    ["ID", "ACTION", "SOURCE", "PORT", "COMMENT"],
    rules.map(({ id, action, source, port, comment }) => [
      id,
      action === FirewallAction.ALLOW ? "allow" : "deny",
      source.case === undefined ? "-" : `${source.case} ${source.value}`,
      port === 0 ? "all" : String(port),
      comment || "-",
    ]),
  );
}
