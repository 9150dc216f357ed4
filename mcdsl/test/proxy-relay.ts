import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

/** Passes connections on to a server of the loopback, with a text before what the client sends. */
export interface ProxyRelay extends AsyncDisposable {
  readonly port: number;
  /** Local ports of its own connections to the server. */
  readonly ownPorts: readonly number[];
}

/** @param how `together`: in one packet with the client's first; `piecewise`: each byte for itself */
export async function startProxyRelay(
  to: number,
  header: Buffer,
  how: "together" | "piecewise",
): Promise<ProxyRelay> {
  const sockets = new Set<Socket>();
  const ownPorts: number[] = [];
  const pass = async (client: Socket): Promise<void> => {
    const server = connect({ host: "127.0.0.1", port: to, noDelay: true });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    await once(server, "connect");
    ownPorts.push(server.localPort ?? 0);
    const [first] = (await once(client, "data")) as [Buffer];
    client.pause();
    if (how === "together") server.write(Buffer.concat([header, first]));
    else {
      for (const byte of header) {
        server.write(Buffer.of(byte));
        await setImmediate();
      }
      server.write(first);
    }
    client.pipe(server).pipe(client);
  };
  const listener = createServer((client) => void pass(client).catch(() => client.destroy()));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    ownPorts,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, "close");
    },
  };
}
