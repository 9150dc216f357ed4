import { create } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import {
  type AuditEntry,
  AuditService,
  ListAuditEntriesResponseSchema,
} from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { CommandContext } from "./context.ts";
import { wholeNumber } from "./numbers.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { instantBefore, timeText } from "./time.ts";

const defaultLimit = 100;
const mostEntries = 100_000;
const mostAtOnce = 1_000;

export function defineAudit(parent: Command, context: CommandContext): void {
  const instant = instantBefore(() => context.clock.now());
  parent
    .command("audit")
    .summary("list what was done and refused")
    .description(
      "Lists pushes, pulls, deletions, logins and changes of rules, newest first. For administrators.",
    )
    .option("--repository <name>", "only in this repository", "")
    .option("--account <name>", "only of this account", "")
    .option("--action <action>", "only this action, e.g. push-manifest, delete-tag", "")
    .option("--outcome <outcome>", "only those that ended so: ok, denied or failed", "")
    .option("--since <time>", "from this time on; a duration is before now", instant)
    .option("--until <time>", "before this time; a duration is before now", instant)
    .option("--limit <number>", "at most so many", wholeNumber(mostEntries), defaultLimit)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcr audit --repository team/app --since 7d", "mcr audit --outcome denied -o json"),
    )
    .action(async (options) => {
      const { repository, account, action, outcome, since, until, limit } = options;
      const filter = {
        repository,
        account,
        action,
        outcome,
        ...(since && { since }),
        ...(until && { until }),
      };
      const entries = await callServer(context, options, AuditService, async (client) => {
        const all: AuditEntry[] = [];
        let pageToken = "";
        while (all.length < limit) {
          const wanted = Math.min(mostAtOnce, limit - all.length);
          const page = await client.listAuditEntries({ ...filter, limit: wanted, pageToken });
          all.push(...page.entries);
          pageToken = page.nextPageToken;
          if (pageToken === "") break;
        }
        return all;
      });
      const { terminal } = context;
      if (options.output === "json") {
        const answer = create(ListAuditEntriesResponseSchema, { entries });
        return terminal.out(jsonText(ListAuditEntriesResponseSchema, answer));
      }
      const header = ["TIME", "ACTION", "OUTCOME", "ACCOUNT", "ADDRESS", "REPOSITORY", "REFERENCE", "DETAIL"];
      for (const line of formatTable(header, entries.map(cells))) terminal.out(line);
    });
}

function cells({ at, action, outcome, account, accountKind, address, ...entry }: AuditEntry): string[] {
  const who = account === "" ? accountKind : account;
  return [timeText(at), action, outcome, who, address, entry.repository, entry.reference, entry.detail];
}
