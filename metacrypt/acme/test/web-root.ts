import { createReadStream } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { basename, join } from "node:path";

/** Serves the files of a directory as challenges, as a web server with an alias for them does. */
export async function serveWebRoot(port: number, directory: string): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const file = createReadStream(join(directory, basename(request.url ?? "")));
    file.on("error", () => response.writeHead(404).end());
    file.on("open", () => file.pipe(response));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
