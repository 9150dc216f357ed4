import { createInterface } from "node:readline/promises";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Invocation } from "../invocation.ts";

/** Longest password that is read from standard input. */
const mostBytes = 4_096;

/** Asks for a line on the terminal.
 * @throws DetailedError NOT_A_TERMINAL */
export async function askLine(invocation: Invocation, question: string, remedy: string): Promise<string> {
  assertTerminal(invocation, remedy);
  const { stdin, stderr, signal } = invocation;
  const prompt = createInterface({ input: stdin, output: stderr });
  try {
    return (await prompt.question(question, { signal })).trim();
  } finally {
    prompt.close();
  }
}

/** Asks for a password on the terminal, without echo.
 * @throws DetailedError NOT_A_TERMINAL */
export async function askPassword(invocation: Invocation): Promise<string> {
  assertTerminal(invocation, "give the password on standard input with --password-stdin");
  const { default: password } = await import("@inquirer/password");
  const { stdin, stderr, signal } = invocation;
  return password({ message: "Password:" }, { input: stdin, output: stderr, signal });
}

/** The first line of standard input, without its end.
 * @throws DetailedError NO_INPUT */
export async function readPassword({ stdin }: Invocation): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > mostBytes || bytes.includes(0x0a)) break;
  }
  const [line = ""] = Buffer.concat(chunks).toString("utf8").split(/\r?\n/, 1);
  if (line !== "" && size <= mostBytes) return line;
  throw new DetailedError({
    code: "NO_INPUT",
    category: "invalid-argument",
    attempted: "read the password from standard input",
    found: line === "" ? "it is empty" : "it is too long",
    remedy: "write the password as one line",
  });
}

/** @throws DetailedError NOT_A_TERMINAL */
export function assertTerminal({ stdin, stderr }: Invocation, remedy: string): void {
  if (stdin.isTTY === true && stderr.isTTY === true) return;
  throw new DetailedError({
    code: "NOT_A_TERMINAL",
    category: "invalid-argument",
    attempted: "ask you",
    found: "there is no terminal",
    remedy,
  });
}
