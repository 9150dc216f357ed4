import { type CertificateFile, certificateListLine } from "./certificate-files.ts";
import type { Change } from "./changes.ts";
import type { Paths } from "./paths.ts";

/** A command of the admin socket, with the lines that follow it. */
export interface Command {
  readonly command: string;
  readonly payload?: string;
  /** Answers other than none that mean success. */
  readonly success?: RegExp;
}

/** Of a line of commands or a payload; well below what HAProxy reads at a time. */
const longestPartBytes = 12_000;

/** Commands for changes of single entries, as many in a line as HAProxy takes. All values have been judged before: none
 * has white space or a semicolon. */
export function entryCommands(changes: readonly Change[], paths: Paths): Command[] {
  const commands = changes.flatMap((change) => {
    switch (change.kind) {
      case "add-entry":
        return `add map ${paths.map(change.map)} ${change.key} ${change.value}`;
      case "set-entry":
        return `set map ${paths.map(change.map)} ${change.key} ${change.value}`;
      case "remove-entry":
        return `del map ${paths.map(change.map)} ${change.key}`;
      default:
        return [];
    }
  });
  return joined(commands, ";").map((command) => ({ command }));
}

/** Commands that fill a prepared version of a map. */
export function fillCommands(
  mapPath: string,
  version: number,
  entries: Iterable<[string, string]>,
): Command[] {
  const lines = [...entries].map(([key, value]) => `${key} ${value}`);
  return joined(lines, "\n").map((payload) => ({ command: `add map @${version} ${mapPath}`, payload }));
}

export function addCertificateCommands(certificate: CertificateFile, paths: Paths): Command[] {
  const { path, pem } = certificate;
  return [
    { command: `new ssl cert ${path}`, success: /^New empty certificate store|already exists!/ },
    {
      command: `set ssl cert ${path}`,
      payload: pem,
      success: /^Transaction (created|updated) for certificate/,
    },
    { command: `commit ssl cert ${path}`, success: /Success!/ },
    {
      command: `add ssl crt-list ${paths.certificateList}`,
      payload: certificateListLine(certificate),
      success: /Success!/,
    },
  ];
}

export function replaceCertificateCommands({ path, pem }: CertificateFile): Command[] {
  return [
    {
      command: `set ssl cert ${path}`,
      payload: pem,
      success: /^Transaction (created|updated) for certificate/,
    },
    { command: `commit ssl cert ${path}`, success: /Success!/ },
  ];
}

export function removeCertificateCommands(path: string, paths: Paths): Command[] {
  return [
    { command: `del ssl crt-list ${paths.certificateList} ${path}`, success: /deleted in crtlist/ },
    { command: `del ssl cert ${path}`, success: /deleted!/ },
  ];
}

/** Parts put together until the longest length is reached. */
function joined(parts: readonly string[], separator: string): string[] {
  const texts: string[] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const part of parts) {
    if (bytes > 0 && bytes + part.length > longestPartBytes) {
      texts.push(current.join(separator));
      current = [];
      bytes = 0;
    }
    current.push(part);
    bytes += part.length + 1;
  }
  return current.length === 0 ? texts : [...texts, current.join(separator)];
}
