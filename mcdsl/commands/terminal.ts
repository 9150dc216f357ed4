import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Writable as WritableStream } from "node:stream";
import { DetailedError } from "../errors.ts";
import { confirmationNeeded } from "./confirmation-needed.ts";

/** Where a command reads and writes. Data goes to `out`, everything said about it to `say`. */
export interface Terminal {
  out(line: string): void;
  say(line: string): void;
  /** The first line of the standard input. @throws DetailedError NO_INPUT */
  readLine(what: string): Promise<string>;
  /** Asks without echo; twice, when `confirm`. @throws DetailedError NOT_A_TERMINAL, MISTYPED, CANCELLED */
  askSecret(prompt: string, confirm: boolean): Promise<string>;
  /** Whether the answer is yes. Return, and the end of the input, mean no.
   * @throws DetailedError CONFIRMATION_NEEDED where there is no terminal to ask on */
  confirm(question: string): Promise<boolean>;
}

const MAX_LINE_BYTES = 16 * 1024;

export function createTerminal(streams: {
  stdin: Readable & { readonly isTTY?: boolean };
  stdout: Writable;
  stderr: Writable;
}): Terminal {
  const { stdin, stdout, stderr } = streams;
  // Whoever read, such as `head`, has enough.
  stdout.on("error", ignoreBrokenPipe);
  stderr.on("error", ignoreBrokenPipe);
  return {
    out: (line) => void stdout.write(`${line}\n`),
    say: (line) => void stderr.write(`${line}\n`),
    readLine: (what) => readLine(stdin, what),
    async askSecret(prompt, confirm) {
      if (stdin.isTTY !== true) throw notATerminal();
      const secret = await askOnce(stdin, stderr, `${prompt}: `);
      if (confirm && (await askOnce(stdin, stderr, `${prompt} again: `)) !== secret) throw mistyped();
      return secret;
    },
    async confirm(question) {
      if (stdin.isTTY !== true) throw confirmationNeeded(question);
      return confirmOnce(stdin, stderr, `${question} [y/N] `);
    },
  };
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

async function readLine(stdin: Readable, what: string): Promise<string> {
  let text = "";
  stdin.setEncoding("utf8");
  for await (const chunk of stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.includes("\n") || text.length > MAX_LINE_BYTES) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line !== "" && line.length <= MAX_LINE_BYTES) return line;
  throw new DetailedError({
    code: "NO_INPUT",
    category: "invalid-argument",
    attempted: `read ${what}`,
    subject: "from the standard input",
    found: line === "" ? "it is empty" : `the line has more than ${MAX_LINE_BYTES} bytes`,
    remedy: `give ${what} as the first line`,
  });
}

/** The line editor writes its echo to a stream that drops it. */
function askOnce(stdin: Readable, stderr: Writable, prompt: string): Promise<string> {
  const nowhere = new WritableStream({ write: (_chunk, _encoding, done) => done() });
  const editor = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  stderr.write(prompt);
  return new Promise((resolve, reject) => {
    editor.once("line", (line) => {
      resolve(line);
      editor.close();
      stderr.write("\n");
    });
    editor.once("close", () => reject(cancelled()));
  });
}

function confirmOnce(stdin: Readable, stderr: Writable, prompt: string): Promise<boolean> {
  const editor = createInterface({ input: stdin, output: stderr, terminal: true, historySize: 0 });
  return new Promise((resolve) => {
    editor.question(prompt, (answer) => {
      resolve(/^y(es)?$/iu.test(answer.trim()));
      editor.close();
    });
    editor.once("close", () => resolve(false));
  });
}

function notATerminal(): DetailedError {
  return new DetailedError({
    code: "NOT_A_TERMINAL",
    category: "invalid-argument",
    attempted: "ask for a secret",
    found: "the standard input is not a terminal",
    remedy: "pass it on the standard input; --help names the option",
  });
}

function mistyped(): DetailedError {
  return new DetailedError({
    code: "MISTYPED",
    category: "invalid-argument",
    attempted: "read what was typed",
    found: "the two entries differ",
    remedy: "try again",
  });
}

function cancelled(): DetailedError {
  const details = { code: "CANCELLED", category: "cancelled", attempted: "ask for a secret" } as const;
  return new DetailedError({ ...details, found: "the prompt was cancelled" });
}
