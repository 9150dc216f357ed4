import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface FreezableProxy extends AsyncDisposable {
  readonly address: string;
  /** From now on existing connections stay open but nothing passes, as when the cable is pulled. */
  freeze(): void;
}

/** A TCP proxy in front of a port of this machine. */
export async function startFreezableProxy(targetPort: number): Promise<FreezableProxy> {
  const sockets: Socket[] = [];
  const server = createServer((incoming) => {
    const outgoing = connect(targetPort, "127.0.0.1");
    sockets.push(incoming, outgoing);
    incoming.on("error", () => {}).pipe(outgoing);
    outgoing.on("error", () => {}).pipe(incoming);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
        socket.unref();
      }
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
