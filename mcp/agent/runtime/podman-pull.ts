import { parseImageReference } from "@metacircular/mcp-core/image.ts";
import { movedRegistryRemedy } from "@metacircular/mcp-core/moved-registry.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { shellLine } from "./podman-args.ts";
import { podmanError } from "./podman-errors.ts";

/** What the advice about a failed pull depends on. */
export interface PullCircumstances {
  /** Registry that the agent logs in to by itself, with the authority it is to trust. */
  readonly own?: { readonly address: string; readonly caFile: string | undefined } | undefined;
  /** Where podman looks for the authorities of single registries (containers-certs.d(5)). */
  readonly certificatesDirectory: string;
}

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
    remedy: "send it with mcp push-image, or build and tag the image on this node and then deploy again",
  });
}

/** Podman answers 200 before it knows how the pull ends: the last line that is an error decides. */
export function pullFailure(
  reference: string,
  answer: string,
  circumstances: PullCircumstances,
): DetailedError | undefined {
  const messages = answer
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => (JSON.parse(line) as { readonly error?: string }).error ?? "")
    .filter((message) => message !== "");
  const message = messages.at(-1);
  if (message === undefined) return undefined;
  const failure = podmanError({ attempted: "pull image", subject: reference, message });
  const remedy = remedyFor(failure.code, reference, circumstances);
  if (remedy === undefined) return failure;
  const { code, category, attempted, subject, found } = failure;
  return new DetailedError({ code, category, attempted, subject, found, remedy });
}

function remedyFor(
  code: string,
  reference: string,
  { own, certificatesDirectory }: PullCircumstances,
): string | undefined {
  const { registry = "", digest = "" } = parseImageReference(reference) ?? {};
  const moved = movedRegistryRemedy(registry, own?.address ?? "");
  const isOwn = own?.address === registry;
  switch (code) {
    case "REGISTRY_DENIED":
      return isOwn
        ? "let the registry's rules allow the account mcp-agent to pull it; mcp doctor says whether the agent's token is good"
        : `log the node in, as the agent's user: ${shellLine(["podman", "login", registry])}`;
    case "REGISTRY_UNTRUSTED": {
      const trust = untrustedRemedy(registry, isOwn ? own.caFile : undefined, certificatesDirectory);
      return moved === "" ? trust : `${moved}; else ${trust}`;
    }
    case "REGISTRY_UNREACHABLE":
      return [`check that ${registry} runs, and that the node reaches it`, moved, digest && sentBefore]
        .filter((part) => part !== "")
        .join("; ");
    case "IMAGE_NOT_FOUND":
      return digest === "" ? undefined : revisionGone;
    default:
      return undefined;
  }
}

function untrustedRemedy(
  registry: string,
  caFile: string | undefined,
  certificatesDirectory: string,
): string {
  const command = trustCommand(registry, caFile ?? "ca.crt", certificatesDirectory);
  return `let podman trust its authority, as the agent's user: ${command}`;
}

const revisionGone =
  "choose another revision with mcp history, or build that version again, under a new tag, and deploy it";
const sentBefore =
  "where mcp push-image sent it, no registry has it, and it is not on the node any more: send that version again, under a new tag";

/** Makes podman trust a certificate authority for one registry, and for nothing else. */
export function trustCommand(registry: string, caFile: string, certificatesDirectory: string): string {
  const directory = `${certificatesDirectory}/${registry}`;
  return `${shellLine(["mkdir", "-p", directory])} && ${shellLine(["cp", caFile, `${directory}/ca.crt`])}`;
}

/** Where podman of this user looks for authorities of registries. */
export function certificatesDirectoryOf(environment: Readonly<Record<string, string | undefined>>): string {
  const home = environment["HOME"] ?? "";
  return process.getuid?.() === 0 || home === ""
    ? "/etc/containers/certs.d"
    : `${home}/.config/containers/certs.d`;
}
