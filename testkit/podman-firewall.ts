import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { subnetPrefixes, type Universe } from "./podman-universe.ts";

const run = promisify(execFile);
const attempts = 3;
const tables = ["nat", "filter"] as const;

/** Drops the rules that lead to a universe's own subnets. Podman forgets them where it was killed half-way, and
 * then they swallow what goes to a port that somebody else has by now. */
export async function removeFirewallRules(universe: Universe): Promise<void> {
  // Podman's rules of other users are in network namespaces of their own.
  if (process.getuid?.() !== 0) return;
  const prefixes = subnetPrefixes(universe);
  for (const table of tables) await dropRules(table, prefixes);
}

/** Chains are named after networks, so another podman that ends may take some of the rules away meanwhile. */
async function dropRules(table: string, prefixes: readonly string[]): Promise<void> {
  let failures: unknown[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { stdout } = await run("iptables", ["--wait", "--table", table, "--list-rules"]);
    const rules = staleRules(stdout.split("\n"), prefixes);
    if (rules.length === 0) return;
    failures = [];
    for (const rule of rules) {
      await run("iptables", ["--wait", "--table", table, "--delete", ...rule]).catch((error: unknown) => {
        failures.push(error);
      });
    }
    if (failures.length === 0) return;
  }
  throw new AggregateError(failures, `cannot drop rules of the firewall's table ${table}`);
}

/** The rules, as `iptables -S` lists them, that mention an address with one of the prefixes, and those of the same
 * forwarded port that do not. Each as the chain and its further arguments. */
export function staleRules(listed: readonly string[], prefixes: readonly string[]): string[][] {
  const rules = listed.map(words).filter(([command]) => command === "-A");
  const isOwn = (rule: readonly string[]) =>
    rule.some((word) => prefixes.some((prefix) => word.startsWith(prefix)));
  const own = rules.filter(isOwn);
  const ownPorts = new Set(own.map((rule) => `${rule[1]} ${after(rule, "--dport")}`));
  const isOfOwnPort = (rule: readonly string[]) => {
    const port = after(rule, "--dport");
    return port !== "" && [rule[1], after(rule, "-j")].some((chain) => ownPorts.has(`${chain} ${port}`));
  };
  return rules.filter((rule) => isOwn(rule) || isOfOwnPort(rule)).map((rule) => rule.slice(1));
}

function after(rule: readonly string[], option: string): string {
  const index = rule.indexOf(option);
  return index < 0 ? "" : (rule[index + 1] ?? "");
}

/** Comments are in quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/gu)].map(([word, quoted]) => quoted ?? word);
}
