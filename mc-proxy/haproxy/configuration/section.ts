import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";

/** A section of the configuration: its head, and its lines, indented. */
export function section(head: string, lines: readonly string[]): string {
  return [head, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** An address to listen on. `ipv6@` keeps HAProxy from taking a bare `::` for something else. */
export function bindAddress({ host, port }: HostAndPort): string {
  return host.includes(":")
    ? `ipv6@${formatHostAndPort({ host, port })} v6only`
    : formatHostAndPort({ host, port });
}

/** Lines that apply only where the condition holds. */
export function only(condition: boolean, ...lines: string[]): string[] {
  return condition ? lines : [];
}
