import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Invocation } from "../invocation.ts";

/** How an editor ended. */
export interface EditorEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Lends the terminal to an editor until it ends, and Ctrl-C with it. Its output goes where messages go, so that it
 * has the terminal also when data goes elsewhere. It is ended when this process is asked to end.
 * @throws the error of the start, such as ENOENT */
export async function runEditor(argv: readonly string[], invocation: Invocation): Promise<EditorEnd> {
  using _held = invocation.holdInterrupts();
  const [program = "", ...rest] = argv;
  const editor = spawn(program, rest, { stdio: [0, 2, 2] });
  const end = (): void => void editor.kill("SIGTERM");
  invocation.signal.addEventListener("abort", end);
  try {
    const ended = (await once(editor, "exit")) as [number | null, NodeJS.Signals | null];
    return { code: ended[0], signal: ended[1] };
  } finally {
    invocation.signal.removeEventListener("abort", end);
  }
}
