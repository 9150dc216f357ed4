import { realpathSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { aWeb } from "./operator.ts";

/** What a container runs that answers HTTP/1.1 with keep-alive and echoes WebSocket messages, and ends in good order
 * when it is asked to: it says good-bye to whom it is connected with. `VERSION` is its answer. */
const program = `
const { createHash } = require("node:crypto");
const server = require("node:http").createServer((request, response) => response.end(process.env.VERSION));
const sockets = new Set();
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
server.keepAliveTimeout = 120000;
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + guid).digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n" +
    "Sec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => socket.destroy());
  let pending = Buffer.alloc(0);
  socket.on("data", (data) => {
    pending = Buffer.concat([pending, data]);
    while (pending.length >= 6 && pending.length >= 6 + (pending[1] & 127)) {
      const length = pending[1] & 127;
      const payload = pending.subarray(6, 6 + length).map((byte, index) => byte ^ pending[2 + (index % 4)]);
      if ((pending[0] & 15) === 1) socket.write(Buffer.concat([Buffer.from([0x81, length]), payload]));
      else if ((pending[0] & 15) === 8) socket.end();
      pending = pending.subarray(6 + length);
    }
  });
});
server.listen(Number(process.env.PORT), "0.0.0.0");
process.on("SIGTERM", () => {
  for (const socket of sockets) socket.end(Buffer.from([0x88, 2, 0x03, 0xe9]));
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
`;

/** Writes the program into a directory, and returns a component of the sample image that runs it by this machine's
 * Node.js. */
export async function aNodeApplication(
  directory: string,
): Promise<(version: string, fields?: Partial<ComponentSpec>) => ComponentSpec> {
  const file = join(directory, "application.cjs");
  await writeFile(file, program, { mode: 0o644 });
  const volumes = [
    `${realpathSync(process.execPath)}:/node:ro`,
    `${file}:/application.cjs:ro`,
    ...["/lib", "/lib64", "/usr/lib"].map((path) => `${realpathSync(path)}:${path}:ro`),
  ];
  return (version, fields = {}) =>
    aWeb("v1", {
      volumes,
      cmd: ["exec /node /application.cjs"],
      env: [`VERSION=${version}`],
      update: "start-first",
      ...fields,
    });
}
