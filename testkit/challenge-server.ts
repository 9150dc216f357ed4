import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Pebble's own name server for tests: every name is at 127.0.0.1, and has the TXT records it is told. */
export interface ChallengeServer extends AsyncDisposable {
  readonly dnsPort: number;
  setText(name: string, value: string): Promise<void>;
  clearText(name: string): Promise<void>;
}

export async function startChallengeServer(): Promise<ChallengeServer> {
  const [dnsPort, managementPort] = [await freePort(), await freePort()];
  const argv = ["-dns01", `127.0.0.1:${dnsPort}`, "-management", `127.0.0.1:${managementPort}`];
  const unused = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
  const child = spawn("pebble-challtestsrv", [...argv, ...unused, "-defaultIPv6", ""], { stdio: "ignore" });
  await eventually(() => canConnect(managementPort));
  const post = async (path: string, body: Record<string, string>): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${managementPort}/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  };
  return {
    dnsPort,
    setText: (host, value) => post("set-txt", { host: `${host}.`, value }),
    clearText: (host) => post("clear-txt", { host: `${host}.` }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function canConnect(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
