import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import type { Path, Problem } from "@metacircular/mcp-core/definition/problem.ts";
import type { ContainerSettings } from "../runtime/runtime.ts";

/** Why one container is not taken over; the others are. */
export function refusal(container: string, found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "ADOPTION_REFUSED",
    category: "failed-precondition",
    attempted: "adopt container",
    subject: container,
    found,
    remedy,
  });
}

/** What the container is cannot be said in a definition. */
export function notDefinable(
  { service, container }: { service: string; container: string },
  problems: readonly Problem[],
): DetailedError {
  const found = problems.map(({ message }) => message).join("; ");
  const isName = problems.some(({ path }) => endsWith(path, "name"));
  const remedy = isName
    ? `give it another name, e.g. with: podman rename ${container} ${betterName(service, container)}; then adopt again`
    : "create it again without that, or write a definition that does without and deploy it in its place";
  return refusal(container, found, remedy);
}

/** There is no name for its image that would still stand for it when it is deployed. */
export function imageUnnamed({ name, image, imageId }: ContainerSettings): DetailedError {
  const repository = parseImageReference(image)?.repository.split("/").at(-1) ?? name;
  return refusal(
    name,
    `its image ${imageId.slice(0, 12)}, used as ${image}, has no name with a version`,
    `give it one, e.g. with: podman tag ${imageId.slice(0, 12)} localhost/${repository}:v1; then adopt again`,
  );
}

/** A name that the component's container can have. */
export function betterName(service: string, container: string): string {
  const label = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "");
  const rest = label(container.slice(service.length));
  return rest === "" ? service : `${service}-${rest === service ? "main" : rest}`;
}

function endsWith(path: Path, key: string): boolean {
  return path.at(-1) === key;
}
