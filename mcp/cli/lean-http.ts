/** Keeps Node.js from loading its implementation of fetch, a tenth of the start-up time of a command: whoever imports
 * `node:http` reads all exports of it, and three that nobody here uses are made there. The global `WebSocket` and `fetch`
 * stay as they are. To be called before the first module is loaded that imports `node:http`. */
export function leaveOutWebSockets(): void {
  const http = process.getBuiltinModule("node:http");
  for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) {
    Object.defineProperty(http, name, { value: undefined, configurable: true });
  }
}
