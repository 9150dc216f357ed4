import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { EngineType } from "./engine.ts";

const SHOWN_CHARACTERS = 63;

/** @param type what it should be; empty: anything */
export function mountNotFound(name: string, type = ""): DetailedError {
  return new DetailedError({
    code: "MOUNT_NOT_FOUND",
    category: "not-found",
    attempted: "find mount",
    subject: name.slice(0, SHOWN_CHARACTERS),
    found: type === "" ? "there is none of this name" : `there is none of this name and of type ${type}`,
    remedy: "`metacrypt mount list` shows them",
  });
}

export function mountUnusable(name: string, problem: string | undefined): DetailedError {
  return new DetailedError({
    code: "MOUNT_UNUSABLE",
    category: "unavailable",
    attempted: "use mount",
    subject: name,
    found: problem ?? "it is just being opened or closed",
    remedy: "mend what it says, then seal and unseal the service",
  });
}

export function mountExists(name: string): DetailedError {
  return new DetailedError({
    code: "MOUNT_EXISTS",
    category: "already-exists",
    attempted: "create mount",
    subject: name,
    found: "there is one of this name",
    remedy: "choose another name",
  });
}

export function mountNameInvalid(name: string): DetailedError {
  return new DetailedError({
    code: "MOUNT_NAME_INVALID",
    category: "invalid-argument",
    attempted: "create mount",
    subject: name.slice(0, SHOWN_CHARACTERS),
    found: "the name is not one of a mount",
    remedy: "use 1 to 63 of a-z, 0-9 and -, with no - at the ends",
  });
}

export function mountTypeUnknown(type: string, known: readonly EngineType[]): DetailedError {
  return new DetailedError({
    code: "MOUNT_TYPE_UNKNOWN",
    category: "invalid-argument",
    attempted: "open an engine",
    subject: type.slice(0, SHOWN_CHARACTERS),
    found: "there is no such type of engine",
    remedy: `use one of: ${known.map((each) => each.type).join(", ")}`,
  });
}
