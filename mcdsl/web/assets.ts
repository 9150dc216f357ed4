import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliCompressSync } from "node:zlib";
import { setSecurityHeaders } from "./answer.ts";

/** Files that pages refer to. */
export interface Assets {
  /** The path of a file, with the hash of its content in it. @throws Error where there is none of that name */
  path(name: string): string;
  /** Answers a request for one; false: it is for something else. */
  serve(request: IncomingMessage, response: ServerResponse, path: string): boolean;
}

interface Asset {
  readonly content: Buffer;
  readonly compressed: Buffer;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Keeps files in memory. Their names change with their content, so browsers keep them for a year.
 * @param files contents by name
 * @param prefix e.g. `/assets/` */
export function createAssets(files: Readonly<Record<string, string>>, prefix = "/assets/"): Assets {
  const byPath = new Map<string, Asset>();
  const paths = new Map<string, string>();
  for (const [name, text] of Object.entries(files)) {
    const [, stem = name, extension = ""] = /^(.+)\.(\w+)$/.exec(name) ?? [];
    const content = Buffer.from(text);
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
    const path = `${prefix}${stem}.${hash}.${extension}`;
    const type = types[extension];
    if (type === undefined) throw new Error(`of no known type: ${name}`);
    byPath.set(path, { content, compressed: brotliCompressSync(content), type });
    paths.set(name, path);
  }
  return {
    path(name) {
      const path = paths.get(name);
      if (path === undefined) throw new Error(`there is no asset ${name}`);
      return path;
    },
    serve(request, response, path) {
      const asset = byPath.get(path);
      if (asset === undefined || (request.method !== "GET" && request.method !== "HEAD")) return false;
      const brotli = /\bbr\b/.test(request.headers["accept-encoding"] ?? "");
      const body = brotli ? asset.compressed : asset.content;
      setSecurityHeaders(response);
      response.writeHead(200, {
        "content-type": asset.type,
        "content-length": body.length,
        "cache-control": "public, max-age=31536000, immutable",
        vary: "accept-encoding",
        ...(brotli ? { "content-encoding": "br" } : {}),
      });
      response.end(request.method === "HEAD" ? undefined : body);
      return true;
    },
  };
}
