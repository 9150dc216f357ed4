import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Counts the instructions of a build, line by line of its output. */
export class BuildCount {
  #steps = 0;
  #cachedSteps = 0;
  #isPulling = false;

  take(line: string): void {
    if (/^(?:\[\d+\/\d+\] )?STEP \d+\/\d+/.test(line)) this.#steps += 1;
    if (line.startsWith("--> Using cache ")) this.#cachedSteps += 1;
    this.#isPulling =
      /^(Resolv|Trying to pull|Getting image source|Copying |Writing manifest|Storing sig)/.test(line);
  }

  /** What is no instruction, `FROM`, is counted neither way. */
  get steps(): number {
    return this.#steps;
  }

  get cachedSteps(): number {
    return this.#cachedSteps;
  }

  /** Whether a base image is on its way: nothing is to be tidied up then. */
  get isPulling(): boolean {
    return this.#isPulling;
  }
}

/** What says nothing to anybody: that signatures, which are not used, are copied; and a warning of arguments that nobody
 * gave, which podman prints whenever it is told the platform. */
export function isNoise(line: string): boolean {
  if (/^(?:Getting image source|Storing) signatures$/.test(line)) return true;
  return /^\[Warning\] one or more build args were not consumed: \[(?:TARGET\w+ ?)+\]$/.test(line);
}

/** Lines that say something to an operator. */
const shownLines = 20;

/** Why a build failed. */
export function buildFailure(image: string, lines: readonly string[], code: number | null): DetailedError {
  const text = lines.join("\n");
  const details = { code: "IMAGE_BUILD_FAILED", attempted: "build image", subject: image } as const;
  const output = lines.slice(-shownLines);
  if (/no space left on device|disk quota exceeded/i.test(text)) {
    return new DetailedError({
      ...details,
      category: "resource-exhausted",
      found: "the disk of this machine is full",
      remedy: "free some space, for example with `podman system prune`, and build again",
      output,
    });
  }
  const step = /building at STEP "((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const status = code === null ? "podman was ended by a signal" : `podman build ended with status ${code}`;
  return new DetailedError({
    ...details,
    category: "failed-precondition",
    found: step === undefined ? status : `the instruction ${step} failed`,
    remedy: "mend what the output says, and build again",
    output,
  });
}

/** Why a push failed, as far as the registry's answer tells. */
export function pushFailure(image: string, lines: readonly string[]): DetailedError {
  // Names of images are no part of what the registry says.
  const name = image.replace(/:[^:/]*$/, "");
  const text = lines
    .join("\n")
    .replaceAll(name, "")
    .replaceAll(name.replace(/^[^/]*\//, ""), "");
  const output = lines.slice(-shownLines);
  const details = { attempted: "push image", subject: image, output } as const;
  for (const { pattern, ...said } of pushFailures) {
    if (pattern.test(text)) return new DetailedError({ ...details, ...said });
  }
  return new DetailedError({
    ...details,
    code: "IMAGE_PUSH_FAILED",
    category: "failed-precondition",
    found: "the registry did not take it",
    remedy: "mend what the output says; building again takes what is built already from the cache",
  });
}

const pushFailures = [
  {
    pattern: /immutable|cannot move tag/i,
    code: "IMAGE_PUSH_FAILED",
    category: "failed-precondition",
    found: "the tag exists already, and the registry lets nobody change what it stands for",
    remedy: "give the new image a new version in the definition",
  },
  {
    pattern: /no space left on device|quota/i,
    code: "IMAGE_PUSH_FAILED",
    category: "resource-exhausted",
    found: "there is no space left for it",
    remedy: "free some space where the output says, or have the quota raised",
  },
  {
    pattern: /unauthorized|authentication required|invalid username\/password/i,
    code: "REGISTRY_DENIED",
    category: "unauthenticated",
    found: "the registry does not take the login",
    remedy: "log in again with `mcp login`; with `podman login` where the registry is not the configured one",
  },
  {
    pattern: /denied|forbidden/i,
    code: "REGISTRY_DENIED",
    category: "permission-denied",
    found: "this account may not push there",
    remedy: "have the registry's rules allow it, or use another account",
  },
  {
    pattern: /x509|certificate|tls:/i,
    code: "TLS_FAILED",
    category: "unavailable",
    found: "the registry's certificate is not trusted for its name",
    remedy: "name its authority as ca_cert in [registry]",
  },
  {
    pattern: /connection refused|no such host|i\/o timeout|no route to host|connection reset|EOF/i,
    code: "REGISTRY_UNREACHABLE",
    category: "unavailable",
    found: "the registry does not answer",
    remedy: "check that it is running, and push again: what is there already is not sent again",
  },
] as const;
