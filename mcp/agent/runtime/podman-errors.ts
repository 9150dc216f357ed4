import { DetailedError, type ErrorCategory } from "@metacircular/mcdsl/errors.ts";

/** What failed, in our words and in podman's. */
export interface PodmanFailure {
  /** Continues "cannot …", e.g. `start container`. */
  readonly attempted: string;
  readonly subject: string;
  /** The API's own message; kept word for word in the error. */
  readonly message: string;
}

interface Cause {
  readonly pattern: RegExp;
  readonly code: string;
  readonly category: ErrorCategory;
  readonly remedy: string;
}

/** First match wins: what is narrow stands before what is wide. */
const causes: readonly Cause[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    code: "DISK_FULL",
    category: "resource-exhausted",
    remedy: "free disk space on the node",
  },
  {
    pattern: /address already in use|port is already allocated/i,
    code: "PORT_IN_USE",
    category: "failed-precondition",
    remedy: "stop what listens on that port, or publish another",
  },
  {
    // Podman 5 tells of a rename in its database's words.
    pattern:
      /name .* (?:is )?already in use|container already exists|UNIQUE constraint failed: ContainerConfig\.Name/i,
    code: "NAME_IN_USE",
    category: "already-exists",
    remedy: "remove or rename the container that has the name",
  },
  {
    pattern: /network not found|unable to find network/i,
    code: "NETWORK_NOT_FOUND",
    category: "failed-precondition",
    remedy: "create the network on the node, or change the definition",
  },
  {
    pattern:
      /no matching entries in (?:passwd|group) file|unable to find (?:user|group)|invalid (?:user|group) id/i,
    code: "USER_NOT_FOUND",
    category: "failed-precondition",
    remedy: "name a user that the image has, or a numeric uid[:gid]",
  },
  {
    pattern:
      /command that was not found|executable file not found|exec format error|command cannot be invoked/i,
    code: "COMMAND_NOT_FOUND",
    category: "failed-precondition",
    remedy: "check the command against the image and its architecture",
  },
  {
    pattern: /statfs .*no such file or directory|mount.*no such file or directory|invalid mount .*source/i,
    code: "MOUNT_SOURCE_MISSING",
    category: "failed-precondition",
    remedy: "create the directory on the node before deploying",
  },
  {
    pattern:
      /requested access to the resource is denied|unauthorized|authentication required|denied:|invalid username\/password/i,
    code: "REGISTRY_DENIED",
    category: "failed-precondition",
    remedy: "log the node in to the registry",
  },
  {
    pattern: /no image found in (?:manifest list|image index) for architecture/i,
    code: "IMAGE_WRONG_PLATFORM",
    category: "failed-precondition",
    remedy: "build and push the image for this node's architecture",
  },
  {
    pattern: /x509:|certificate signed by unknown authority|failed to verify certificate/i,
    code: "REGISTRY_UNTRUSTED",
    category: "failed-precondition",
    remedy: "let podman trust the authority of the registry's certificate",
  },
  {
    pattern:
      /manifest unknown|name unknown|image not known|no such image|unable to find .* in local storage/i,
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    remedy: "build and push the image, then deploy again",
  },
  {
    pattern:
      /pinging container registry|dial tcp|no such host|connection refused|i\/o timeout|TLS handshake|server gave HTTP response/i,
    code: "REGISTRY_UNREACHABLE",
    category: "unavailable",
    remedy: "check that the node reaches the registry",
  },
  {
    pattern: /no such container|no container with name or ID/i,
    code: "CONTAINER_NOT_FOUND",
    category: "not-found",
    remedy: "list the containers of the node",
  },
  {
    // Its monitor died with it: nothing but a forced removal ends that state.
    pattern: /must be in Created or Stopped state to be started/i,
    code: "CONTAINER_STUCK",
    category: "failed-precondition",
    remedy: "remove the container and deploy again",
  },
  {
    pattern: /running or paused containers cannot be removed without force|as it is (?:running|paused)/i,
    code: "COMPONENT_RUNNING",
    category: "failed-precondition",
    remedy: "stop it first",
  },
  {
    pattern:
      /iptables: Chain already exists|holding the xtables lock|iptables: Resource temporarily unavailable/i,
    code: "FIREWALL_BUSY",
    category: "failed-precondition",
    remedy: "try again: another program was changing the firewall at the same moment",
  },
  {
    pattern: /can only create exec sessions on running containers|container .* is not running/i,
    code: "CONTAINER_NOT_RUNNING",
    category: "failed-precondition",
    remedy: "start the container first",
  },
  {
    pattern: /invalid argument|invalid reference format|must be lowercase|is not a valid/i,
    code: "CONTAINER_INVALID",
    category: "invalid-argument",
    remedy: "correct the definition",
  },
];

/** Names the cause that podman's message tells; RUNTIME_FAILED where it tells none that we know. */
export function podmanError(failure: PodmanFailure): DetailedError {
  const cause = causes.find((each) => each.pattern.test(failure.message));
  return new DetailedError({
    code: cause?.code ?? "RUNTIME_FAILED",
    category: cause?.category ?? "internal",
    attempted: failure.attempted,
    subject: failure.subject,
    found: failure.message,
    ...(cause === undefined ? {} : { remedy: cause.remedy }),
  });
}

/** The service behind the socket does not answer. */
export function runtimeUnavailable(attempted: string, subject: string, cause: unknown): DetailedError {
  return new DetailedError({
    code: "RUNTIME_UNAVAILABLE",
    category: "unavailable",
    attempted,
    subject,
    found: "podman does not answer",
    remedy: "check with `podman info` as the agent's user",
    cause,
  });
}

/** A call took longer than it may. What it began may still happen. */
export function runtimeTimedOut(attempted: string, subject: string, limitMs: number): DetailedError {
  return new DetailedError({
    code: "RUNTIME_TIMED_OUT",
    category: "deadline-exceeded",
    attempted,
    subject,
    found: `podman did not answer within ${limitMs / 1000} s`,
    remedy: "look for a hung podman or a slow disk on the node",
  });
}
