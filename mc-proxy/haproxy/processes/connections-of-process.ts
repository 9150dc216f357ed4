import { readdir, readFile, readlink } from "node:fs/promises";
import { endianness } from "node:os";
import { isIPv4 } from "node:net";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** Established TCP connections of a process to an address, as the kernel knows them; 0: the process has ended. */
export async function connectionsOfProcess(pid: number, remote: HostAndPort): Promise<number> {
  try {
    const owned = await socketInodes(pid);
    const tables = await Promise.all(
      ["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")),
    );
    return tables.flatMap((table) => establishedTo(table, remote)).filter((inode) => owned.has(inode)).length;
  } catch (thrown) {
    if (["ENOENT", "ESRCH"].includes(systemCodeOf(thrown))) return 0;
    throw thrown;
  }
}

/** Inodes of the established connections to an address in what `/proc/net/tcp` or `tcp6` shows. */
export function establishedTo(table: string, remote: HostAndPort): string[] {
  const wanted = new Set(remoteSpellings(remote));
  return table.split("\n").flatMap((line) => {
    const [, , remoteAddress = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    return state === "01" && wanted.has(remoteAddress) ? [inode] : [];
  });
}

/** As the kernel prints it: words of 32 bits in the order of the machine, in hexadecimal. */
function remoteSpellings({ host, port }: HostAndPort): string[] {
  const portText = port.toString(16).toUpperCase().padStart(4, "0");
  const mapped = isIPv4(host) ? `::ffff:${host}` : host;
  const bytes = ipv6Bytes(mapped);
  const words = Array.from({ length: 4 }, (_, index) => bytes.slice(index * 4, index * 4 + 4)).map((word) =>
    Buffer.from(endianness() === "LE" ? word.toReversed() : word)
      .toString("hex")
      .toUpperCase(),
  );
  return [`${words.join("")}:${portText}`, ...(isIPv4(host) ? [`${words.at(-1)}:${portText}`] : [])];
}

function ipv6Bytes(address: string): number[] {
  const hostname = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = hostname.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const directory = `/proc/${pid}/fd`;
  const inodes = new Set<string>();
  for (const name of await readdir(directory)) {
    const target = await readlink(`${directory}/${name}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}
