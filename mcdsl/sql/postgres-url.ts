import { isIP } from "node:net";
import { DetailedError } from "../errors.ts";

/** Where a PostgreSQL database is. */
export interface PostgresAddress {
  /** Host name or address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly tls: boolean;
  /** As it may be logged: `postgresql://user@host:port/database`. */
  readonly display: string;
}

const defaultPort = 5432;

/** Parses `postgresql://user@host:port/database`, or `postgresql://user@localhost/database?host=/run/postgresql` for a Unix
 * socket in that directory.
 * TLS is used, and the server's certificate verified for its name, except over a socket, and to a loopback address
 * with `?sslmode=disable`.
 * @throws DetailedError DATABASE_URL_INVALID */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) throw invalid(text, "it is no such URL");
  if (url.password !== "") throw invalid(text, "it holds a password, which belongs into a file of its own");
  const unknown = [...url.searchParams.keys()].find((key) => key !== "host" && key !== "sslmode");
  if (unknown !== undefined) throw invalid(text, `it has an option that is not known: ${unknown}`);
  const host = decodeURIComponent(url.searchParams.get("host") ?? url.hostname).replaceAll(/^\[|\]$/gu, "");
  const user = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (host === "") throw invalid(text, "it names no host");
  if (user === "") throw invalid(text, "it names no user");
  if (database === "" || database.includes("/")) throw invalid(text, "it names no database");
  const port = url.port === "" ? defaultPort : Number(url.port);
  return {
    host,
    port,
    user,
    database,
    tls: usesTls(text, host, url.searchParams.get("sslmode")),
    display: `postgresql://${user}@${host}:${port}/${database}`,
  };
}

function usesTls(text: string, host: string, mode: string | null): boolean {
  if (mode !== null && mode !== "verify-full" && mode !== "disable") {
    throw invalid(text, `sslmode is ${mode}; it can be verify-full or disable`);
  }
  if (host.startsWith("/")) return false;
  if (mode !== "disable") return true;
  if (!isLoopback(host)) throw invalid(text, "it turns TLS off for another machine");
  return false;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function invalid(text: string, found: string): DetailedError {
  return new DetailedError({
    code: "DATABASE_URL_INVALID",
    category: "invalid-argument",
    attempted: "use database URL",
    subject: text.replace(/(?<=:\/\/[^/@]*:)[^@]*(?=@)/u, "…"),
    found,
    remedy: "write it as postgresql://user@host:5432/database",
  });
}
