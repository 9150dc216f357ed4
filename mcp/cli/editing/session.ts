import { rm } from "node:fs/promises";
import { homedir } from "node:os";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { formatProblem } from "@metacircular/mcdsl/toml/problem.ts";

import { draftsDirectory } from "../config/paths.ts";
import type { Context } from "../context.ts";
import { readBytes, readBytesIfThere, saveDefinition } from "../definitions/file.ts";
import { assertServiceName, definitionPath } from "../definitions/find.ts";
import { parseDefinition } from "../definitions/read.ts";
import { answeredYes } from "../operations/confirm.ts";
import { exitCodes } from "../output/exit-code.ts";
import { plain } from "../output/table.ts";
import { runEditor } from "../processes/editor.ts";
import { assertTerminal } from "../session/prompt.ts";
import { createDraft, draftsOf } from "./draft.ts";
import { editorCommand } from "./editor-command.ts";
import { startingText } from "./start.ts";

/** How an edit ended. `kept`: it was not saved, and the text is in `draft`. */
export interface EditResult {
  readonly file: string;
  readonly result: "created" | "changed" | "unchanged" | "kept";
  readonly draft: string | undefined;
}

/** Lets the operator edit a service's definition file in their editor. What they write is checked before it takes the
 * place of the file, and is kept in a draft wherever that does not come about.
 * @throws DetailedError NOT_A_TERMINAL, EDITOR_INVALID, EDITOR_FAILED, DRAFT_IMPOSSIBLE, FILE_CHANGED, FILE_NOT_EDITABLE */
export async function editDefinition(context: Context, service: string): Promise<EditResult> {
  const { invocation, output, config } = context;
  assertServiceName(service);
  assertTerminal(invocation, `write ${definitionPath(config.servicesDirectory, service)} with any editor`);
  const editor = editorCommand(invocation.environment);
  const file = definitionPath(config.servicesDirectory, service);
  const before = await readBytesIfThere(file);
  const directory = draftsDirectory(invocation.environment, homedir());
  for (const draft of await draftsOf(directory, service)) {
    output.say(`an earlier text of ${service} was not saved, or is being edited: ${draft}`);
  }
  const text = before ?? Buffer.from(await startingText(context, service));
  const draft = await createDraft(directory, { service, text, timeMs: invocation.clock.now() });
  const session = { context, service, editor, file, before, text, draft };
  try {
    const result = await editUntilSaved(session);
    if (result !== "kept") await rm(draft, { force: true });
    return { file, result, draft: result === "kept" ? draft : undefined };
  } catch (thrown) {
    await keepOrRemove(session);
    throw thrown;
  }
}

interface Session {
  readonly context: Context;
  readonly service: string;
  readonly editor: readonly string[];
  readonly file: string;
  /** What the file held; undefined: there was none. */
  readonly before: Uint8Array | undefined;
  /** What the draft began with. */
  readonly text: Uint8Array;
  readonly draft: string;
}

async function editUntilSaved(session: Session): Promise<EditResult["result"]> {
  const { context, service, file, before, text, draft } = session;
  const { invocation, output } = context;
  for (;;) {
    await edit(session);
    const written = await readBytes(draft);
    if (Buffer.compare(written, text) === 0) return "unchanged";
    const parsed = parseDefinition(written, file, service);
    if ("value" in parsed) {
      await saveDefinition(file, before, written);
      warnOfUnknownNode(context, parsed.value.node);
      return before === undefined ? "created" : "changed";
    }
    output.complain(...parsed.problems.map((problem) => plain(formatProblem(problem))));
    if (!(await answeredYes(invocation, "Edit it again?", true))) {
      output.complain(...keptLines(session));
      invocation.exitCode = exitCodes.usage;
      return "kept";
    }
  }
}

/** Lends the terminal to the editor.
 * @throws DetailedError EDITOR_FAILED where it cannot be started, or does not end as it should */
async function edit({ context: { invocation }, editor, draft }: Session): Promise<void> {
  const failure = (found: string, cause?: unknown): DetailedError =>
    new DetailedError({
      code: "EDITOR_FAILED",
      category: "failed-precondition",
      attempted: "edit with",
      subject: editor.join(" "),
      found,
      remedy: "set EDITOR to an editor that works here, and do this again",
      cause,
    });
  let end;
  try {
    end = await runEditor([...editor, draft], invocation);
  } catch (cause) {
    const code = systemCodeOf(cause);
    throw failure(code === "ENOENT" ? "there is no such program" : `it cannot be started (${code})`, cause);
  }
  invocation.signal.throwIfAborted();
  if (end.signal !== null) throw failure(`it was ended by ${end.signal}`);
  if (end.code !== 0) throw failure(`it ended with exit code ${end.code}; nothing was saved`);
}

/** After a failure: a text that was written stays and is named, one that was not goes. */
async function keepOrRemove(session: Session): Promise<void> {
  const { context, text, draft } = session;
  const written = await readBytesIfThere(draft).catch(() => undefined);
  if (written !== undefined && Buffer.compare(written, text) !== 0)
    context.output.complain(...keptLines(session));
  else await rm(draft, { force: true });
}

function keptLines({ file, draft, before }: Session): string[] {
  const compare = before === undefined ? [] : [`compare: diff ${file} ${draft}`];
  return [`your text is kept in ${draft}`, ...compare];
}

function warnOfUnknownNode({ config, output }: Context, node: string): void {
  if (config.nodes.some(({ name }) => name === node)) return;
  output.complain(`node ${node} is not in ${config.file}; add it with \`mcp node add\` before you deploy`);
}
