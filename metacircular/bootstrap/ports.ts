import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createServer } from "node:net";

const address = "127.0.0.1";
const attempts = 100;

/** The preferred port where nobody listens on it, else the next free one above it.
 * @throws DetailedError `PORT_NONE_FREE` */
export async function choosePort(preferred: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = preferred; port < preferred + attempts && port < 65_536; port += 1) {
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new DetailedError({
    code: "PORT_NONE_FREE",
    category: "resource-exhausted",
    attempted: "choose a port on",
    subject: address,
    found: `${preferred} to ${preferred + attempts - 1} are all taken`,
    remedy: "stop what listens there",
  });
}

/** Whether a server could listen there now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
