import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { FirewallAction, FirewallRule } from "../routes/firewall-rule.ts";

/** The firewall rules in the database. */
export class FirewallTable {
  readonly #sql: DatabaseSync;

  constructor(sql: DatabaseSync) {
    this.#sql = sql;
  }

  /** By id. */
  all(): FirewallRule[] {
    return this.#sql.prepare("SELECT * FROM firewall_rules ORDER BY id").all().map(firewallRule);
  }

  count(): number {
    return Number(this.#sql.prepare("SELECT count(*) AS count FROM firewall_rules").get()?.["count"]);
  }

  get(id: string): FirewallRule | undefined {
    const row = this.#sql.prepare("SELECT * FROM firewall_rules WHERE id = ?").get(id);
    return row === undefined ? undefined : firewallRule(row);
  }

  /** Adds it, or replaces the one with its id. */
  put({ id, action, source, port, comment }: FirewallRule): void {
    const cidr = "cidr" in source ? source.cidr : null;
    const country = "country" in source ? source.country : null;
    this.#sql
      .prepare(
        `INSERT OR REPLACE INTO firewall_rules (id, action, cidr, country, port, comment)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(id, action, cidr, country, port, comment);
  }

  remove(id: string): void {
    this.#sql.prepare("DELETE FROM firewall_rules WHERE id = ?").run(id);
  }
}

function firewallRule(row: Record<string, SQLOutputValue>): FirewallRule {
  return {
    id: String(row["id"]),
    action: row["action"] as FirewallAction,
    source: row["cidr"] === null ? { country: String(row["country"]) } : { cidr: String(row["cidr"]) },
    port: Number(row["port"]),
    comment: String(row["comment"]),
  };
}
