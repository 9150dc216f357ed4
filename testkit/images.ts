import type { ImageSpec } from "./podman-image.ts";

const serve = 'exec httpd -f -p "0.0.0.0:${PORT:-8080}" -h /www';

function shell(script: string): Pick<ImageSpec, "entrypoint" | "cmd"> {
  return { entrypoint: ["/bin/sh", "-c"], cmd: [script] };
}

/** Answers its version on `$PORT` at `/` and `/healthz`, and ends at SIGTERM. */
export function webImage(version: string): ImageSpec {
  return { name: `localhost/web:${version}`, files: pages(version), ...shell(serve) };
}

function pages(version: string): Record<string, string> {
  return { "/www/index.html": version, "/www/healthz": version };
}

/** The images that most tests use. Each serves or fails in one way, which its tag names. */
export const sampleImages: readonly ImageSpec[] = [
  ...["v1", "v2", "v3", "v4"].map(webImage),
  {
    name: "localhost/web:exits",
    ...shell('echo "reading configuration" >&2; echo "fatal: no database at /nowhere" >&2; exit 3'),
  },
  // Listens, but has no page at /healthz: 404.
  { name: "localhost/web:sick", files: { "/www/index.html": "sick" }, ...shell(serve) },
  // Serves, and is healthy, once somebody has made the file.
  {
    name: "localhost/web:late",
    files: { "/www/index.html": "late" },
    ...shell(`until [ -e /go ]; do sleep 0.05; done; cp /www/index.html /www/healthz; ${serve}`),
  },
  { name: "localhost/web:silent", ...shell("trap 'exit 0' TERM; while :; do sleep 0.2; done") },
  { name: "localhost/web:badcmd", entrypoint: ["/bin/no-such-program"] },
  // An ignored signal stays ignored through exec.
  { name: "localhost/web:stubborn", files: pages("stubborn"), ...shell(`trap '' TERM; ${serve}`) },
  {
    name: "localhost/logger:v1",
    ...shell(
      "trap 'exit 0' TERM; i=0; while :; do i=$((i + 1)); " +
        'if [ $((i % 2)) = 1 ]; then echo "line $i"; else echo "line $i" >&2; fi; sleep 0.1; done',
    ),
  },
];
