import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Sql, SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { Action, Caller } from "../access/access.ts";
import type { Audit } from "../audit/audit.ts";
import type { RetentionRule } from "./retention-rule.ts";
import { judgeAccess, type Verdict } from "./judge-access.ts";
import {
  type RuleBook,
  ruleBook,
  type RuleKind,
  type RuleLists,
  type RuleOf,
  ruleSchemas,
} from "./rule-book.ts";
import { quotaBytes, type RepositoryRules, requireMovable } from "./tag-rules.ts";

const MAX_RULES = 1000;
const POLL_MS = 2_000;

/** Who changes a rule, for the audit. */
export interface RuleChangeBy {
  readonly caller: Pick<Caller, "kind" | "name">;
  /** Of the client. */
  readonly address: string;
}

/** The rules of the registry, stored in its database. They are judged from memory; a change works at once on this
 * server, and within seconds on others of the same database. */
export interface Rules extends RepositoryRules, AsyncDisposable {
  /** All of them, as they are judged now. */
  book(): RuleBook;
  /** In the order in which they are asked. */
  list<Kind extends RuleKind>(kind: Kind): readonly RuleOf[Kind][];
  /** Adds a rule, or replaces the one with its id.
   * @returns what was stored, and what it replaced
   * @throws DetailedError RULE_INVALID, RULES_TOO_MANY */
  put<Kind extends RuleKind>(
    kind: Kind,
    rule: unknown,
    by: RuleChangeBy,
  ): Promise<{ readonly rule: RuleOf[Kind]; readonly previous: RuleOf[Kind] | undefined }>;
  /** @returns what was removed
   * @throws DetailedError RULE_NOT_FOUND */
  remove<Kind extends RuleKind>(kind: Kind, id: string, by: RuleChangeBy): Promise<RuleOf[Kind]>;
  /** What is decided now, and by which rule. */
  explain(caller: Caller, action: Action, repository: string): Verdict;
  retentionRules(): Promise<readonly RetentionRule[]>;
}

/** Reads the rules and keeps up with those that other servers change.
 * @throws DetailedError where the database cannot serve */
export async function openRules(parts: {
  readonly sql: SqlDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly audit: Audit;
  /** Between two looks whether another server changed something. Default 2 s. */
  readonly pollMs?: number;
}): Promise<Rules> {
  const { sql, clock, logger, audit, pollMs = POLL_MS } = parts;
  let book = await read(sql);
  const stopping = new AbortController();

  /** A reading that took longer than another one must not bring older rules back. */
  const use = (read: RuleBook): void => {
    if (read.version > book.version) book = read;
  };
  const following = follow({ clock, logger, pollMs }, stopping.signal, async () => {
    if ((await versionOf(sql)) !== book.version) use(await read(sql));
  });

  function record(kind: RuleKind, id: string, by: RuleChangeBy, before: unknown, after: unknown): void {
    const detail = `${text(before)} -> ${text(after)}`;
    const about = { repository: "", reference: `${kind}/${id}`, digest: "" };
    audit.record({ action: "change-rules", outcome: "ok", ...by, ...about, detail });
  }

  return {
    book: () => book,
    list<Kind extends RuleKind>(kind: Kind) {
      const lists: RuleLists = book;
      return lists[kind];
    },
    async put(kind, given, by) {
      const rule = parse(kind, given);
      const { previous, changed } = await sql.transaction(async (transaction) => {
        const before = await find(transaction, kind, rule.id);
        if (before === undefined) await requireSpace(transaction, kind);
        await transaction.execute(
          `INSERT INTO policy_rule (kind, id, rule) VALUES ($1, $2, $3)
           ON CONFLICT (kind, id) DO UPDATE SET rule = excluded.rule`,
          [kind, rule.id, JSON.stringify(rule)],
        );
        return { previous: before, changed: await changedBook(transaction) };
      });
      use(changed);
      record(kind, rule.id, by, previous, rule);
      return { rule, previous };
    },
    async remove(kind, id, by) {
      const { previous, changed } = await sql.transaction(async (transaction) => {
        const before = await find(transaction, kind, id);
        if (before === undefined) throw notFound(kind, id);
        await transaction.execute("DELETE FROM policy_rule WHERE kind = $1 AND id = $2", [kind, id]);
        return { previous: before, changed: await changedBook(transaction) };
      });
      use(changed);
      record(kind, id, by, previous, undefined);
      return previous;
    },
    explain: (caller, action, repository) => judgeAccess(book.access, caller, action, repository),
    retentionRules: async () => book.retention,
    requireMovable: (repository, tag, change) => requireMovable(book.immutability, repository, tag, change),
    quotaBytes: (repository) => quotaBytes(book.quota, repository),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await following;
    },
  };
}

/** Looks again and again until it is stopped. While the database is away the rules stay as they were read last. */
async function follow(
  { clock, logger, pollMs }: { clock: Clock; logger: Logger; pollMs: number },
  signal: AbortSignal,
  look: () => Promise<void>,
): Promise<void> {
  const state = { failing: false };
  while (await pause(clock, pollMs, signal)) {
    try {
      await look();
      state.failing = false;
    } catch (error) {
      if (!state.failing) logger.warn({ error }, "rules cannot be read; the last ones are used");
      state.failing = true;
    }
  }
}

/** Returns whether to go on. */
async function pause(clock: Clock, durationMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(durationMs, signal);
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    throw thrown;
  }
}

async function read(sql: SqlDatabase): Promise<RuleBook> {
  // The version first: what is changed meanwhile is read again at the next look.
  const version = await versionOf(sql);
  return ruleBook(version, await rowsOf(sql));
}

async function changedBook(transaction: Sql): Promise<RuleBook> {
  await transaction.execute("UPDATE policy_version SET version = version + 1 WHERE id = 1");
  return ruleBook(await versionOf(transaction), await rowsOf(transaction));
}

async function versionOf(sql: Sql): Promise<number> {
  const [row] = await sql.query("SELECT version FROM policy_version WHERE id = 1");
  return Number(row?.["version"] ?? 0);
}

async function rowsOf(sql: Sql): Promise<{ kind: string; rule: string }[]> {
  const rows = await sql.query("SELECT kind, rule FROM policy_rule ORDER BY kind, id");
  return rows.map(({ kind, rule }) => ({ kind: String(kind), rule: String(rule) }));
}

async function find<Kind extends RuleKind>(
  sql: Sql,
  kind: Kind,
  id: string,
): Promise<RuleOf[Kind] | undefined> {
  const [row] = await sql.query("SELECT rule FROM policy_rule WHERE kind = $1 AND id = $2", [kind, id]);
  return row === undefined ? undefined : ruleSchemas[kind].parse(JSON.parse(String(row["rule"])));
}

/** @throws DetailedError RULES_TOO_MANY */
async function requireSpace(sql: Sql, kind: RuleKind): Promise<void> {
  const [row] = await sql.query("SELECT COUNT(*) AS rules FROM policy_rule WHERE kind = $1", [kind]);
  if (Number(row?.["rules"]) < MAX_RULES) return;
  throw new DetailedError({
    code: "RULES_TOO_MANY",
    category: "resource-exhausted",
    attempted: `store ${kind} rule`,
    found: `there are ${MAX_RULES} already`,
    remedy: "remove some, or join several into one",
  });
}

/** @throws DetailedError RULE_INVALID */
function parse<Kind extends RuleKind>(kind: Kind, given: unknown): RuleOf[Kind] {
  const parsed = ruleSchemas[kind].safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DetailedError({
    code: "RULE_INVALID",
    category: "invalid-argument",
    attempted: `store ${kind} rule`,
    found: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
    remedy: "correct it",
  });
}

function notFound(kind: RuleKind, id: string): DetailedError {
  return new DetailedError({
    code: "RULE_NOT_FOUND",
    category: "not-found",
    attempted: `remove ${kind} rule`,
    subject: id.slice(0, 63),
    found: "there is none with this id",
    remedy: "list the rules",
  });
}

function text(rule: unknown): string {
  return rule === undefined ? "none" : JSON.stringify(rule);
}
