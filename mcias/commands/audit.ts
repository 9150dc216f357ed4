import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { parseDuration } from "@metacircular/mcp-core/duration.ts";
import type { AuditStore, RecordedAuditEntry } from "../audit/audit-store.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable, formatTime } from "@metacircular/mcdsl/commands/table.ts";

const FOLLOW_INTERVAL_MS = 300;
const MAX_LIMIT = 100_000;

export function defineAudit(parent: Command, context: CommandContext): void {
  parent
    .command("audit")
    .summary("show what was decided")
    .description("Shows the audit log, oldest first. As JSON it is one object a line.")
    .option("--since <time>", 'how long ago, such as "1h", or an ISO 8601 time', parseSince)
    .addOption(new Option("--limit <count>", "the newest so many").default(100).argParser(parseLimit))
    .option("-f, --follow", "go on with what happens from now on, until interrupted", false)
    .addOption(outputOption())
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        "mcias audit --since 1h",
        "mcias audit --since 2026-11-01 --limit 1000 -o json",
        "mcias audit -f",
      ),
    )
    .action(async (options) => {
      using opened = openAdministration(context, options.config);
      const { audit } = opened.stores;
      const sinceMs = options.since?.(context.clock.now()) ?? 0;
      const entries = audit.list({ sinceMs, limit: options.limit });
      const json = options.output === "json";
      for (const line of json ? entries.map(toJson) : toTable(entries)) context.terminal.out(line);
      if (options.follow) await follow(context, audit, entries.at(-1)?.id ?? audit.lastId(), json);
    });
}

async function follow(
  context: CommandContext,
  audit: AuditStore,
  lastId: number,
  json: boolean,
): Promise<never> {
  let afterId = lastId;
  for (;;) {
    for (const entry of audit.list({ afterId, limit: MAX_LIMIT })) {
      context.terminal.out(json ? toJson(entry) : cells(entry).join("  "));
      afterId = entry.id;
    }
    await context.clock.sleep(FOLLOW_INTERVAL_MS);
  }
}

function toJson(entry: RecordedAuditEntry): string {
  const { atMs, ...rest } = entry;
  return JSON.stringify({ at: new Date(atMs).toISOString(), ...rest });
}

function toTable(entries: readonly RecordedAuditEntry[]): string[] {
  return formatTable(["TIME", "EVENT", "OUTCOME", "ACCOUNT", "BY", "DETAIL"], entries.map(cells));
}

function cells(entry: RecordedAuditEntry): string[] {
  const by = [entry.actor, entry.address, entry.clientId && `client ${entry.clientId}`].filter(Boolean);
  const service = entry.serviceName === undefined ? "" : ` (for ${entry.serviceName})`;
  return [
    formatTime(entry.atMs),
    entry.event,
    entry.outcome,
    entry.account ?? "-",
    by.join(", ") || "-",
    `${entry.detail ?? ""}${service}`.trim() || "-",
  ];
}

/** Returns a function because "1h" counts from when the command runs. */
export function parseSince(text: string): (nowMs: number) => number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return (nowMs) => nowMs - agoMs;
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('Give a duration such as "90m" or a time such as "2026-11-01".');
  return () => atMs;
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new InvalidArgumentError(`Give a number from 1 to ${MAX_LIMIT}.`);
  return limit;
}
