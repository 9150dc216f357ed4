import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Config } from "../config.ts";
import type { EngineProblem } from "../engine/engine.ts";
import {
  type FirewallRule,
  type FirewallRuleRequest,
  isFirewallRuleId,
  parseFirewallRule,
} from "../routes/firewall-rule.ts";
import type { Applying } from "./applying.ts";
import type { Change, Changes } from "./change.ts";
import type { Holdings } from "./holdings.ts";
import { invalid } from "./invalid.ts";

const maximalRules = 10_000;

/** Adds and removes firewall rules. */
export class FirewallControl {
  readonly #config: Config;
  readonly #holdings: Holdings;
  readonly #applying: Applying;
  readonly #changes: Changes;
  readonly #newId: () => string;

  constructor(parts: {
    config: Config;
    holdings: Holdings;
    applying: Applying;
    changes: Changes;
    newId: () => string;
  }) {
    this.#config = parts.config;
    this.#holdings = parts.holdings;
    this.#applying = parts.applying;
    this.#changes = parts.changes;
    this.#newId = parts.newId;
  }

  /** By id. */
  list(): FirewallRule[] {
    return this.#holdings.rules();
  }

  /** Adds a rule or replaces the one with its id. Returns it as it was stored.
   * @throws DetailedError FIREWALL_RULE_INVALID, FIREWALL_RULES_TOO_MANY, GEOIP_MISSING, STORE_WRITE_FAILED,
   * CHANGE_NOT_APPLIED */
  async add(request: FirewallRuleRequest): Promise<FirewallRule> {
    const attempted = "add firewall rule";
    const parsed = parseFirewallRule(request, this.#newId);
    if ("problems" in parsed) throw invalid("FIREWALL_RULE_INVALID", attempted, request.id, parsed.problems);
    const { rule } = parsed;
    if ("country" in rule.source && this.#config.firewall.geoip_file === "")
      throw geoipMissing(rule.source.country);
    await this.#changes.make(`firewall rule ${rule.id}`, async () => {
      const before = this.#holdings.rule(rule.id);
      if (before !== undefined && isSameRule(before, rule) && this.#applying.isUpToDate) return undefined;
      if (before === undefined && this.#holdings.ruleCount >= maximalRules) throw tooMany(rule);
      return this.#change(attempted, rule.id, before, rule);
    });
    return rule;
  }

  /** None there is success.
   * @returns what was removed
   * @throws DetailedError FIREWALL_RULE_INVALID, STORE_WRITE_FAILED, CHANGE_NOT_APPLIED */
  async remove(id: string): Promise<FirewallRule | undefined> {
    const attempted = "remove firewall rule";
    if (!isFirewallRuleId(id))
      throw invalid("FIREWALL_RULE_INVALID", attempted, id, ["id is not one of a firewall rule"]);
    let removed: FirewallRule | undefined;
    await this.#changes.make(`firewall rule ${id}`, () => {
      removed = this.#holdings.rule(id);
      return removed === undefined ? undefined : this.#change(attempted, id, removed, undefined);
    });
    return removed;
  }

  #change(
    attempted: string,
    id: string,
    before: FirewallRule | undefined,
    after: FirewallRule | undefined,
  ): Change {
    const source = after?.source;
    const subject = source === undefined ? "" : "cidr" in source ? source.cidr : source.country;
    return {
      attempted,
      subject: id,
      store: () => this.#holdings.setRule(id, after),
      prepare: () => this.#holdings.readCountries(),
      undo: () => this.#holdings.setRule(id, before),
      isAbout: (problem: EngineProblem) =>
        after !== undefined && problem.kind === "firewall" && problem.subject === subject,
    };
  }
}

function isSameRule(a: FirewallRule, b: FirewallRule): boolean {
  const described = ({ action, source, port, comment }: FirewallRule): string =>
    JSON.stringify([action, source, port, comment]);
  return described(a) === described(b);
}

function geoipMissing(country: string): DetailedError {
  return new DetailedError({
    code: "GEOIP_MISSING",
    category: "failed-precondition",
    attempted: "add firewall rule for country",
    subject: country,
    found: "there is no table of countries",
    remedy: "set [firewall] geoip_file in the configuration of the proxy, and restart it",
  });
}

function tooMany(rule: FirewallRule): DetailedError {
  return new DetailedError({
    code: "FIREWALL_RULES_TOO_MANY",
    category: "resource-exhausted",
    attempted: "add firewall rule",
    subject: rule.id,
    found: `there are ${maximalRules} rules already`,
    remedy: "remove rules that are not needed, or put networks together",
  });
}
