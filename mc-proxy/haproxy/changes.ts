import type { CertificateFile } from "./certificate-files.ts";
import type { Entries, Maps } from "./entries.ts";

/** What HAProxy holds that changes at run time. */
export interface RuntimeState {
  readonly maps: Maps;
  /** By path. */
  readonly certificates: ReadonlyMap<string, LoadedCertificate>;
}

export type LoadedCertificate = Pick<CertificateFile, "path" | "hostnames" | "fingerprint">;

/** What HAProxy is to hold. */
export interface WantedState {
  readonly maps: Maps;
  readonly certificates: ReadonlyMap<string, CertificateFile>;
}

/** One change at run time. */
export type Change =
  | {
      readonly kind: "add-entry" | "set-entry";
      readonly map: string;
      readonly key: string;
      readonly value: string;
    }
  | { readonly kind: "remove-entry"; readonly map: string; readonly key: string }
  | { readonly kind: "replace-map"; readonly map: string; readonly entries: Entries; readonly count: number }
  | { readonly kind: "add-certificate" | "replace-certificate"; readonly certificate: CertificateFile }
  | { readonly kind: "remove-certificate"; readonly path: string };

/** From so many changes of a map on it is replaced as a whole, which is one step for whoever looks things up in it. */
const mostSingleChanges = 200;

/** The fewest changes, in an order in which no route is ever without its certificate: new certificates, routes, then
 * certificates that nothing needs any more. */
export function changesBetween(loaded: RuntimeState, wanted: WantedState): Change[] {
  const added: Change[] = [];
  for (const certificate of wanted.certificates.values()) {
    const held = loaded.certificates.get(certificate.path);
    if (held === undefined || held.hostnames.join(" ") !== certificate.hostnames.join(" "))
      added.push({ kind: "add-certificate", certificate });
    else if (held.fingerprint !== certificate.fingerprint)
      added.push({ kind: "replace-certificate", certificate });
  }
  const removed = [...loaded.certificates.keys()]
    .filter((path) => !wanted.certificates.has(path))
    .map((path): Change => ({ kind: "remove-certificate", path }));
  const maps = [...wanted.maps].flatMap(([map, entries]) => mapChanges(map, loaded.maps.get(map), entries));
  return [...added, ...maps, ...removed];
}

function mapChanges(map: string, loaded: Entries | undefined, wanted: Entries): Change[] {
  const changes: Change[] = [];
  for (const [key, value] of wanted) {
    const held = loaded?.get(key);
    if (held !== value)
      changes.push({ kind: held === undefined ? "add-entry" : "set-entry", map, key, value });
  }
  for (const key of loaded?.keys() ?? [])
    if (!wanted.has(key)) changes.push({ kind: "remove-entry", map, key });
  if (loaded !== undefined && changes.length <= mostSingleChanges) return changes;
  return [{ kind: "replace-map", map, entries: wanted, count: changes.length }];
}

/** How many entries and certificates it is about. */
export function sizeOf(change: Change): number {
  return change.kind === "replace-map" ? change.count : 1;
}

/** One sentence for people: what was not as it should be. */
export function describeDrift(change: Change): string {
  switch (change.kind) {
    case "add-entry":
      return `${change.map}: ${change.key} was missing`;
    case "set-entry":
      return `${change.map}: ${change.key} was not ${change.value}`;
    case "remove-entry":
      return `${change.map}: ${change.key} did not belong there`;
    case "replace-map":
      return `${change.map}: ${change.count} entries differed`;
    case "add-certificate":
      return `the certificate ${change.certificate.path} was missing`;
    case "replace-certificate":
      return `the certificate ${change.certificate.path} was another one`;
    case "remove-certificate":
      return `the certificate ${change.path} did not belong there`;
  }
}
