import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { SlotKind } from "./stored-keys.ts";

export function unsealRefused(): DetailedError {
  return new DetailedError({
    code: "UNSEAL_REFUSED",
    category: "permission-denied",
    attempted: "unseal",
    found: "the passphrase is wrong, or one of the shares",
    remedy: "try again; shares have to be given again, all of them",
  });
}

export function keyFileRefused(): DetailedError {
  return new DetailedError({
    code: "KEY_FILE_REFUSED",
    category: "failed-precondition",
    attempted: "unseal with the key file",
    found: "its key does not open this database",
    remedy: "restore the right file, or unseal with the passphrase or the shares",
  });
}

export function notInitialized(): DetailedError {
  return new DetailedError({
    code: "NOT_INITIALIZED",
    category: "failed-precondition",
    attempted: "unseal",
    found: "there are no keys yet",
    remedy: "make them with `metacrypt init`",
  });
}

export function alreadyInitialized(): DetailedError {
  return new DetailedError({
    code: "ALREADY_INITIALIZED",
    category: "already-exists",
    attempted: "initialise",
    found: "there are keys already",
    remedy: "unseal it, or use another database",
  });
}

export function otherProtection(kind: SlotKind): DetailedError {
  return new DetailedError({
    code: "SEAL_KIND_OTHER",
    category: "failed-precondition",
    attempted: "unseal",
    found: `no ${kind} opens this seal`,
    remedy: "`metacrypt status` says what does",
  });
}

export function protectionMissing(): DetailedError {
  return new DetailedError({
    code: "PROTECTION_MISSING",
    category: "invalid-argument",
    attempted: "protect the keys",
    found: "nothing would open the seal",
    remedy: "give a passphrase, a number of shares, or let the unattended key file open it",
  });
}
