import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTable, formatTime } from "@metacircular/mcdsl/commands/table.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  type AuditRecord,
  AuditService,
  type VerifyAuditLogResponse,
} from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import { type CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export function defineAudit(parent: Command, context: CommandContext): void {
  const audit = parent.command("audit").description("what was done and refused");
  defineList(audit, context);
  defineVerify(audit, context);
}

function defineList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list entries, oldest first")
    .description("Lists the newest entries, or with --after those that follow one. For administrators.")
    .option("--after <sequence>", "only entries after this one", parseSequence, 0)
    .option("--limit <number>", `at most so many, up to ${MAX_LIMIT}`, parseLimit, DEFAULT_LIMIT)
    .option("--actor <name>", "only of this account", "")
    .option("--operation <name>", "only of this operation, such as ca/issue", "")
    .option("--mount <name>", "only on this mount", "")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("metacrypt audit list", "metacrypt audit list --operation ca/revoke -o json"),
    )
    .action(async (options) => {
      const { after, limit, actor, operation, mount } = options;
      const { entries } = await callServer(context, options, AuditService, (client) =>
        client.listAuditEntries({ after: BigInt(after), limit, actor, operation, mount }),
      );
      const rows = entries.map(plain);
      if (options.output === "json") return context.terminal.out(JSON.stringify(rows, undefined, 2));
      const header = ["NUMBER", "TIME", "ACTOR", "OPERATION", "MOUNT", "SUBJECT", "OUTCOME", "FACTS"];
      for (const line of formatTable(header, rows.map(cells))) context.terminal.out(line);
    });
}

function defineVerify(parent: Command, context: CommandContext): void {
  parent
    .command("verify")
    .summary("check that nothing in the audit log was altered")
    .description(
      "Computes the chain of hashes again. Keep the printed hash elsewhere and give it as --expect later: it shows " +
        "also whether the newest entries were cut off. For administrators.",
    )
    .option("--expect <hash>", "an earlier hash that must still be in the chain", parseHash)
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt audit verify"))
    .action(async (options) => {
      const { expect = "" } = options;
      const found = await callServer(context, options, AuditService, (client) =>
        client.verifyAuditLog({ expect }),
      );
      const { entries, lastHash } = found;
      if (!found.intact) throw broken(found);
      if (options.output === "json") {
        context.terminal.out(JSON.stringify({ entries: Number(entries), last_hash: lastHash }));
      } else {
        context.terminal.say(`${entries} entries are as they were written. The newest one's hash:`);
        context.terminal.out(lastHash);
      }
    });
}

function plain({ sequence, at, actor, operation, mount, subject, outcome, facts, hash }: AuditRecord) {
  const time = at === undefined ? "" : formatTime(timestampDate(at).getTime());
  return { sequence: Number(sequence), time, actor, operation, mount, subject, outcome, facts, hash };
}

function cells(row: ReturnType<typeof plain>): string[] {
  const facts = Object.entries(row.facts).map(([name, value]) => `${name}=${value}`);
  const { sequence, time, actor, operation, mount, subject, outcome } = row;
  return [String(sequence), time, actor, operation, mount, subject, outcome, facts.join(" ")];
}

function broken({ brokenAt, problem }: VerifyAuditLogResponse): DetailedError {
  return new DetailedError({
    code: "AUDIT_BROKEN",
    attempted: "verify the audit log",
    subject: `entry ${brokenAt}`,
    found: problem,
    remedy: "compare it with a snapshot, and find out who can write to the database",
  });
}

function parseSequence(text: string): number {
  if (/^\d{1,15}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError("Give the number of an entry.");
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/u.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new InvalidArgumentError(`Give a number from 1 to ${MAX_LIMIT}.`);
  return limit;
}

function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/u.test(text)) return text;
  throw new InvalidArgumentError("Give a hash as `audit verify` prints it.");
}
