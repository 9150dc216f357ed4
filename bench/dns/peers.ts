import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { benchZone, benchZoneFile } from "./zone.ts";

/** Starts Knot with one worker for UDP, as MCNS has one. */
export function startKnot(directory: string, port: number): AsyncDisposable {
  const file = join(directory, "knot.conf");
  writeFileSync(join(directory, `${benchZone}.zone`), benchZoneFile());
  writeFileSync(
    file,
    `server:
    rundir: ${directory}
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: ${directory}
zone:
  - domain: ${benchZone}
    storage: ${directory}
    zonefile-sync: -1
`,
  );
  return startPeer("knotd", ["--config", file]);
}

/** Starts BIND with one worker. */
export function startBind(directory: string, port: number): AsyncDisposable {
  const file = join(directory, "named.conf");
  writeFileSync(join(directory, `${benchZone}.zone`), benchZoneFile());
  writeFileSync(
    file,
    `options {
  directory "${directory}";
  pid-file none;
  session-keyfile none;
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
zone "${benchZone}" { type primary; file "${benchZone}.zone"; };
`,
  );
  return startPeer("named", ["-f", "-n", "1", "-c", file]);
}

function startPeer(command: string, args: readonly string[]): AsyncDisposable {
  const child = spawn(command, args, { stdio: "ignore" });
  const exited = once(child, "exit");
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
}
