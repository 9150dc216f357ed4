import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Change, LoadedCertificate, RuntimeState } from "./changes.ts";
import {
  addCertificateCommands,
  type Command,
  entryCommands,
  fillCommands,
  removeCertificateCommands,
  replaceCertificateCommands,
} from "./commands.ts";
import type { Entries } from "./entries.ts";
import type { Paths } from "./paths.ts";
import { parseCertificateList, parseFingerprint, parseMap, parseNewVersion } from "./runtime-output.ts";
import type { RuntimeSocket } from "./runtime-socket.ts";

/** Reads all that HAProxy holds and that changes at run time.
 * @param mapNames maps of its configuration */
export async function readRuntime(
  socket: RuntimeSocket,
  paths: Paths,
  mapNames: Iterable<string>,
): Promise<RuntimeState> {
  const maps = new Map<string, Entries>();
  for (const name of mapNames) {
    const entries = parseMap(await socket.execute(`show map ${paths.map(name)}`));
    const unique = new Map(entries);
    // Of two entries with one key the first counts, and neither can be trusted: without a state it is replaced as a whole.
    if (unique.size === entries.length) maps.set(name, unique);
  }
  const listed = parseCertificateList(await socket.execute(`show ssl crt-list ${paths.certificateList}`));
  const certificates = new Map<string, LoadedCertificate>();
  for (const { path, hostnames } of listed) {
    const fingerprint = parseFingerprint(await socket.execute(`show ssl cert ${path}`)) ?? "";
    certificates.set(path, { path, hostnames, fingerprint });
  }
  return { maps, certificates };
}

/** Makes the changes, in their order.
 * @throws DetailedError at the first that HAProxy refuses; those before it are made */
export async function makeChanges(
  socket: RuntimeSocket,
  paths: Paths,
  changes: readonly Change[],
): Promise<void> {
  let singles: Change[] = [];
  const flush = async (): Promise<void> => {
    await execute(socket, entryCommands(singles, paths));
    singles = [];
  };
  for (const change of changes) {
    if (isSingle(change)) {
      singles.push(change);
      continue;
    }
    await flush();
    await makeLargeChange(socket, paths, change);
  }
  await flush();
}

type SingleChange = Extract<Change, { key: string }>;

function isSingle(change: Change): change is SingleChange {
  return "key" in change;
}

async function makeLargeChange(
  socket: RuntimeSocket,
  paths: Paths,
  change: Exclude<Change, SingleChange>,
): Promise<void> {
  switch (change.kind) {
    case "replace-map":
      await replaceMap(socket, paths.map(change.map), change.entries);
      break;
    case "add-certificate":
      await execute(socket, addCertificateCommands(change.certificate, paths));
      break;
    case "replace-certificate":
      await execute(socket, replaceCertificateCommands(change.certificate));
      break;
    case "remove-certificate":
      await execute(socket, removeCertificateCommands(change.path, paths));
      break;
  }
}

/** Nobody sees a part of it: the new version is filled unseen. */
async function replaceMap(socket: RuntimeSocket, mapPath: string, entries: Entries): Promise<void> {
  const command = `prepare map ${mapPath}`;
  const answer = await socket.execute(command);
  const version = parseNewVersion(answer);
  if (version === undefined) throw refused(command, answer);
  await execute(socket, fillCommands(mapPath, version, entries));
  await execute(socket, [{ command: `commit map @${version} ${mapPath}` }]);
}

async function execute(socket: RuntimeSocket, commands: readonly Command[]): Promise<void> {
  for (const { command, payload, success } of commands) {
    const answer = await socket.execute(command, payload);
    if (success === undefined ? answer !== "" : !success.test(answer)) throw refused(command, answer);
  }
}

function refused(command: string, answer: string): DetailedError {
  return new DetailedError({
    code: "HAPROXY_REFUSED",
    attempted: "tell HAProxy",
    // Payloads may hold private keys; commands are paths, names and addresses.
    subject: command.slice(0, 120),
    found: answer === "" ? "it did not confirm it" : answer.slice(0, 300).replaceAll("\n", " "),
  });
}
