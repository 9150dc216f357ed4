import type { ComponentSpec, ServiceSpec } from "./spec.ts";
import { containerHash } from "./spec-hash.ts";

/** The first of the specifications that a container with this hash can have been made from; undefined where none
 * fits, or where the hash is empty. */
export function madeFrom(
  specHash: string,
  candidates: readonly (ComponentSpec | undefined)[],
): ComponentSpec | undefined {
  if (specHash === "") return undefined;
  return candidates.find((spec) => spec !== undefined && containerHash(spec) === specHash);
}

/** A component as each of the revisions has it, in their order. */
export function inRevisions(component: string, revisions: readonly ServiceSpec[]): ComponentSpec[] {
  return revisions.flatMap((revision) => revision.components.filter(({ name }) => name === component));
}
