import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually } from "@metacircular/testkit/eventually.ts";

/** A server of a benchmark, of which disposing ends the process. */
export interface PeerServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Both in one file. */
  readonly pemFile: string;
}

const answerBytes = 1_024;
/** As Mozilla recommends them, and MC-Proxy has them; otherwise the sides would encrypt differently. */
const cipherSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/** nginx that answers 1 KiB by itself: plain for terminated routes, and with TLS for those that are passed through. */
export async function nginxBackend(
  directory: string,
  ports: { http: number; https: number },
  tls: TlsFiles,
): Promise<PeerServer> {
  const answer = `location / { return 200 "${"x".repeat(answerBytes)}"; }`;
  const servers = [
    `server { listen 127.0.0.1:${ports.http} backlog=4096; keepalive_requests 1000000000; ${answer} }`,
    `server { listen 127.0.0.1:${ports.https} ssl backlog=4096; keepalive_requests 1000000000; ${certificates(tls)} ${answer} }`,
  ];
  return startNginx(join(directory, "backend"), ports.http, servers);
}

/** nginx as a reverse proxy that terminates TLS, with kept connections to the backend. */
export async function nginxProxy(
  directory: string,
  port: number,
  backendPort: number,
  tls: TlsFiles,
): Promise<PeerServer> {
  const headers = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;';
  const forwarded =
    "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;";
  return startNginx(join(directory, "proxy"), port, [
    `upstream backend { server 127.0.0.1:${backendPort}; keepalive 64; keepalive_requests 1000000000; }`,
    `server { listen 127.0.0.1:${port} ssl http2 backlog=4096; server_name localhost; keepalive_requests 1000000000; ${certificates(tls)} location / { proxy_pass http://backend; ${headers} ${forwarded} } }`,
  ]);
}

/** HAProxy with a fixed configuration, as one would write it by hand for what our routes of the benchmark do: it picks the
 * backend by the name, and where it terminates TLS tells the backend of the client under the same headers.
 * @param kind `l7`: terminates TLS where it is accepted; `shared`: at a port where it passes other names through; `l4`:
 * passes through */
export async function staticHaproxy(
  directory: string,
  port: number,
  backendPort: number,
  tls: TlsFiles,
  kind: "l7" | "shared" | "l4",
): Promise<PeerServer> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, `${kind}.cfg`);
  const socket = join(directory, `${kind}.sock`);
  const timeouts = ["connect 5s", "client 60s", "server 60s", "tunnel 1h"].map((line) => `  timeout ${line}`);
  const passing = [
    ...["frontend public", "  mode tcp", `  bind 127.0.0.1:${port}`, "  tcp-request inspect-delay 5s"],
    "  tcp-request content accept if { req.ssl_hello_type 1 }",
  ];
  const secure = `ssl crt ${tls.pemFile} strict-sni alpn h2,http/1.1`;
  const http = [
    "  mode http",
    ...forwardedHeaders(port),
    "  use_backend app if { hdr(host),field(1,:),lower localhost }",
  ];
  const frontends = {
    l7: ["frontend public", `  bind 127.0.0.1:${port} ${secure}`, ...http],
    shared: [
      ...[...passing, "  use_backend tls if { req.ssl_sni localhost }", "backend tls", "  mode tcp"],
      `  server tls unix@${socket} send-proxy-v2`,
      ...["frontend tls", `  bind unix@${socket} accept-proxy ${secure}`, ...http],
    ],
    l4: [...passing, "  use_backend app if { req.ssl_sni localhost }"],
  };
  const mode = kind === "l4" ? "tcp" : "http";
  const backend = ["backend app", `  mode ${mode}`, `  server app 127.0.0.1:${backendPort}`];
  const lines = [
    "global",
    "  maxconn 8000",
    `  ssl-default-bind-ciphersuites ${cipherSuites}`,
    "defaults",
    ...timeouts,
    ...frontends[kind],
    ...backend,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return startServer("haproxy", ["-db", "-f", file], port);
}

/** Those that routes of MC-Proxy set; what clients sent under these names is replaced. */
function forwardedHeaders(port: number): string[] {
  const headers = {
    "X-Forwarded-For": "%[src]",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "%[req.hdr(host)]",
    "X-Forwarded-Port": String(port),
    Forwarded: '"for=\\"%[src]\\";host=\\"%[req.hdr(host)]\\";proto=https"',
  };
  return Object.entries(headers).map(([name, value]) => `  http-request set-header ${name} ${value}`);
}

function certificates({ certificateFile, keyFile }: TlsFiles): string {
  return `ssl_certificate ${certificateFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.2 TLSv1.3;`;
}

async function startNginx(directory: string, port: number, servers: readonly string[]): Promise<PeerServer> {
  await mkdir(directory, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  const text = `
worker_processes auto;
pid ${join(directory, "pid")};
error_log stderr error;
events { worker_connections 4096; }
http { access_log off; ${temporary.join(" ")} ${servers.join("\n")} }
`;
  const file = join(directory, "nginx.conf");
  await writeFile(file, text);
  return startServer("nginx", ["-e", "stderr", "-p", directory, "-c", file, "-g", "daemon off;"], port);
}

async function startServer(program: string, args: readonly string[], port: number): Promise<PeerServer> {
  const child = spawn(program, args, {
    env: { PATH: `${process.env["PATH"]}:/usr/sbin` },
    stdio: ["ignore", "ignore", "pipe"],
    // As ours runs: the scheduler shares the processor between sessions.
    detached: true,
  });
  const output: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const exited = once(child, "exit");
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${Buffer.concat(output).toString()}`);
    return accepts(port);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} has not started`);
  return { port, pid, [Symbol.asyncDispose]: () => ended(child, exited) };
}

async function accepts(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function ended(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  await exited;
}
