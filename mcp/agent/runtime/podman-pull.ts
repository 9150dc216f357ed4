import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { podmanError } from "./podman-errors.ts";

/** Podman goes to the network for `localhost/…` too, for seconds, although nothing can be there.
 * @throws DetailedError IMAGE_NOT_FOUND for a reference whose registry is `localhost` without a port */
export function requireReachable(reference: string): void {
  if (parseImageReference(reference)?.registry !== "localhost") return;
  throw new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: "pull image",
    subject: reference,
    found: "it is not on this node, and localhost/ names no registry",
    remedy: "build and tag the image on this node, then deploy again",
  });
}

/** Podman answers 200 before it knows how the pull ends: the last line that is an error decides. */
export function pullFailure(reference: string, answer: string): DetailedError | undefined {
  const messages = answer
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => (JSON.parse(line) as { readonly error?: string }).error ?? "")
    .filter((message) => message !== "");
  const message = messages.at(-1);
  return message === undefined
    ? undefined
    : podmanError({ attempted: "pull image", subject: reference, message });
}
