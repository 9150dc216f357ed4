import { formatImageReference, parseImageReference } from "@metacircular/mcp-core/image.ts";

import type { Place, Report } from "./report.ts";

/** A component as it was found, in the keys of a definition. */
export interface ImportedComponent {
  readonly name: string;
  readonly image: string;
  readonly network: string;
  readonly user: string;
  readonly restart: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly health: Readonly<Record<string, unknown>> | undefined;
  /** Where its image is declared. */
  readonly place: Place;
}

export interface ImportedService {
  readonly name: string;
  readonly components: readonly ImportedComponent[];
  /** Image name to Dockerfile. */
  readonly build: Readonly<Record<string, string>>;
}

/** What an import may ask of its surroundings. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly report: Report;
  /** Images by component that take the place of those in the file; `:tag` changes the tag only. */
  readonly images: ReadonlyMap<string, string>;
  /** Text of a file; undefined where it is not there. */
  readonly read: (file: string) => Promise<string | undefined>;
}

/** A name that services and components can have, as near as possible to the one given; empty where nothing remains. */
export function asLabel(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+/g, "")
    .slice(0, 63)
    .replaceAll(/-+$/g, "");
}

/** `asLabel`, and a note where that is another name. */
export function named(text: string, what: string, at: { place: Place; key: string; report: Report }): string {
  const label = asLabel(text);
  if (label === "") {
    at.report.add(
      "problem",
      at.place,
      at.key,
      `${JSON.stringify(text)} cannot become the name of a ${what}; rename it there`,
    );
  } else if (label !== text) {
    at.report.add(
      "changed",
      at.place,
      at.key,
      `the ${what} is called ${label}, because names have only a-z, 0-9 and inner "-"`,
    );
  }
  return label;
}

/** The image of a component in full: with the registry that Docker means, and the version that the operator chose.
 * What is then missing is a problem. */
export function fullImage(
  component: string,
  written: string,
  at: { place: Place; key: string; surroundings: Surroundings },
): string {
  const { report, images } = at.surroundings;
  const chosen = images.get(component);
  if (chosen !== undefined && !chosen.startsWith(":")) return chosen;
  const parsed = parseImageReference(written);
  if (parsed === undefined) {
    const message = `${written === "" ? "no image is named" : `${JSON.stringify(written)} is not an image`}; give one with --image ${component}=<registry>/<name>:<version>`;
    report.add("problem", at.place, at.key, message);
    return written;
  }
  const isShort = parsed.registry === "";
  const repository =
    isShort && !parsed.repository.includes("/") ? `library/${parsed.repository}` : parsed.repository;
  const full = { ...parsed, registry: isShort ? "docker.io" : parsed.registry, repository };
  if (isShort)
    report.add("changed", at.place, at.key, `${written} is written in full: ${formatImageReference(full)}`);
  if (chosen !== undefined) return formatImageReference({ ...full, tag: chosen.slice(1), digest: "" });
  if (full.tag === "" || full.tag === "latest") {
    const found = full.tag === "" ? "has no version" : 'has the tag "latest", which is no version';
    const message = `${formatImageReference(full)} ${found}; choose one with --image ${component}=:<version>`;
    report.add("problem", at.place, at.key, message);
  }
  return formatImageReference(full);
}
