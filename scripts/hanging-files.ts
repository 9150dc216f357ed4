import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { TestsStream } from "node:test";

/** Ends the process of a test file that is silent for a while longer than a test may take, or for that while where one
 * of its tests was given up: by itself the runner ends no process, and waits for a test that lets nothing else have its
 * turn, and for what goes on after the last one.
 * @param limitMs after which the runner gives a test up */
export function endHangingFiles(tests: TestsStream, limitMs: number): void {
  const whileMs = limitMs / 20;
  const running = new Map<string, { heardAtMs: number; silentMs: number }>();
  tests.on("test:dequeue", ({ file }) => {
    if (file === undefined) return;
    const silentMs = running.get(file)?.silentMs ?? limitMs + whileMs;
    running.set(file, { heardAtMs: performance.now(), silentMs });
  });
  tests.on("test:complete", ({ name, file, details }) => {
    const state = file === undefined ? undefined : running.get(file);
    if (file === undefined || state === undefined) return;
    if (resolve(name) === file) running.delete(file);
    state.heardAtMs = performance.now();
    if (isTimeout(details)) state.silentMs = whileMs;
  });
  setInterval(() => {
    for (const [file, { heardAtMs, silentMs }] of running) {
      if (performance.now() - heardAtMs < silentMs) continue;
      running.delete(file);
      console.error(`${file} was ended, since for ${silentMs / 1_000} s no test of it began or ended`);
      endFile(file);
    }
  }, whileMs / 2).unref();
}

function isTimeout({ error }: { error?: Error & { failureType?: unknown } }): boolean {
  return error?.failureType === "testTimeoutFailure";
}

/** The file is the last argument of a process that the runner started. */
function endFile(file: string): void {
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (pid > 0 && parentOf(pid) === process.pid && resolve(lastArgumentOf(pid)) === file)
      process.kill(pid, "SIGKILL");
  }
}

function parentOf(pid: number): number {
  // Its name, in brackets, may have anything in it.
  return Number(processFile(pid, "stat").split(") ").at(-1)?.split(" ")[1]);
}

function lastArgumentOf(pid: number): string {
  return processFile(pid, "cmdline").split("\0").at(-2) ?? "";
}

/** Empty where the process has ended meanwhile. */
function processFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
