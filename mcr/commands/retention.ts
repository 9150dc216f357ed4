import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatDuration } from "@metacircular/mcp-core/duration.ts";
import {
  ListRetentionRulesResponseSchema,
  type RetentionRule,
  RuleService,
  type TagRetention,
} from "@metacircular/proto/gen/mcr/v1/rules_pb.ts";
import type { CommandContext } from "./context.ts";
import { collect, wholeNumber } from "./numbers.ts";
import { priorityOption } from "./priority-option.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { defineRuleKind, listText } from "./rule-kind.ts";
import { parseSeconds } from "./time.ts";

const mostTags = 1_000_000;

export function defineRetention(parent: Command, context: CommandContext): void {
  const retention = defineRuleKind(parent, context, {
    name: "retention",
    about: "what garbage collection may remove",
    schema: ListRetentionRulesResponseSchema,
    list: (client) => client.listRetentionRules({}),
    rulesOf: ({ rules }) => rules,
    header: ["PRIORITY", "ID", "REPOSITORIES", "TAGS", "UNTAGGED", "ORPHANED"],
    cells,
    remove: (client, id) => client.deleteRetentionRule({ id }),
  });
  defineSet(retention, context);
}

function defineSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("add a rule, or replace the one with its id")
    .description(
      "Of several rules for a repository the first counts; without one nothing goes that somebody could still pull. " +
        "Tags go only where one of the --keep options is given, and only those that none of them keeps. Look first what a " +
        "rule would remove: mcr gc run --dry-run. For administrators.",
    )
    .argument("<id>")
    .argument("<repositories>", 'a pattern, such as "team/*" or "**"')
    .addOption(priorityOption())
    .option("--keep-newest <number>", "tags: so many that were pushed last stay", wholeNumber(mostTags))
    .option("--keep-pushed <duration>", "tags: those pushed within this time stay", parseSeconds)
    .option("--keep-pulled <duration>", "tags: those pulled within this time stay", parseSeconds)
    .option("--tag <pattern>", "tags: only these may go", collect, [] as string[])
    .option("--protect <pattern>", "tags: these never go", collect, [] as string[])
    .option("--protect-versions", "tags: those such as 1.2.3 never go", false)
    .option(
      "--untagged-after <duration>",
      "images that nothing names go so long after their push",
      parseSeconds,
    )
    .option(
      "--orphaned-after <duration>",
      "signatures and the like of what is gone go so long after",
      parseSeconds,
    )
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcr retention set nightly 'team/*' --tag 'nightly-*' --keep-newest 10 --untagged-after 7d",
        "mcr retention set all '**' --priority 1000 --untagged-after 30d --orphaned-after 30d",
      ),
    )
    .action(async (id, repositories, options) => {
      const { priority, untaggedAfter, orphanedAfter } = options;
      const tags = tagsOf(options);
      const rule = {
        id,
        priority,
        repositories,
        ...(tags && { tags }),
        ...(untaggedAfter !== undefined && { untaggedAfterSeconds: untaggedAfter }),
        ...(orphanedAfter !== undefined && { orphanedAfterSeconds: orphanedAfter }),
      };
      await callServer(context, options, RuleService, (client) => client.putRetentionRule({ rule }));
      context.terminal.say(`Stored the rule ${id}.`);
    });
}

interface TagOptions {
  readonly keepNewest?: number | undefined;
  readonly keepPushed?: bigint | undefined;
  readonly keepPulled?: bigint | undefined;
  readonly tag: string[];
  readonly protect: string[];
  readonly protectVersions: boolean;
}

/** Undefined: tags stay. */
function tagsOf(options: TagOptions) {
  const { keepNewest, keepPushed, keepPulled, tag: match, protect, protectVersions } = options;
  if (keepNewest === undefined && keepPushed === undefined && keepPulled === undefined) return undefined;
  return {
    match,
    protect,
    protectVersions,
    keepNewest: keepNewest ?? 0,
    keepPushedWithinSeconds: keepPushed ?? 0n,
    keepPulledWithinSeconds: keepPulled ?? 0n,
  };
}

function cells(rule: RetentionRule): string[] {
  const { priority, id, repositories, tags, untaggedAfterSeconds, orphanedAfterSeconds } = rule;
  const kept = tags === undefined ? "stay" : tagText(tags);
  return [
    String(priority),
    id,
    repositories,
    kept,
    durationText(untaggedAfterSeconds),
    durationText(orphanedAfterSeconds),
  ];
}

function tagText(tags: TagRetention): string {
  const keeps = [
    ...(tags.keepNewest > 0 ? [`${tags.keepNewest} newest`] : []),
    ...(tags.keepPushedWithinSeconds > 0n
      ? [`pushed within ${durationText(tags.keepPushedWithinSeconds)}`]
      : []),
    ...(tags.keepPulledWithinSeconds > 0n
      ? [`pulled within ${durationText(tags.keepPulledWithinSeconds)}`]
      : []),
    ...(tags.protect.length > 0 ? [tags.protect.join(" ")] : []),
    ...(tags.protectVersions ? ["versions"] : []),
  ];
  const which = tags.match.length === 0 ? "" : `of ${listText(tags.match)}: `;
  return `${which}keep ${keeps.length === 0 ? "none" : keeps.join(", ")}`;
}

function durationText(seconds: bigint | undefined): string {
  return seconds === undefined ? "stay" : formatDuration(Number(seconds) * 1_000);
}
