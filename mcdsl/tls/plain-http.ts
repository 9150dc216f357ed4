import type { Socket } from "node:net";
import { systemCodeOf } from "../system-code.ts";

const text = "This port speaks HTTPS: begin the address with https://\n";
const answer = [
  "HTTP/1.1 400 Bad Request",
  "content-type: text/plain; charset=utf-8",
  `content-length: ${text.length}`,
  "connection: close",
  "",
  text,
].join("\r\n");

/** Tells a client whose handshake failed because it spoke plain HTTP. Node.js keeps the TCP connection open until the
 * listeners of `tlsClientError` were called.
 * @param error of the handshake
 * @param socket below TLS */
export function answerPlainHttp(error: Error, socket: Socket): void {
  if (systemCodeOf(error) === "ERR_SSL_HTTP_REQUEST" && !socket.destroyed) socket.write(answer);
}
