import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { podmanError } from "./podman-errors.ts";

/** Why podman did not take an image in, from the error of its call. */
export function loadFailure(thrown: unknown): unknown {
  if (!(thrown instanceof DetailedError) || !isPodmansOwn(thrown)) return thrown;
  const failure = podmanError({ attempted: "take in image", subject: "", message: reasonIn(thrown.found) });
  if (failure.code !== "DISK_FULL") return failure;
  const { code, category, attempted, found } = failure;
  const remedy =
    "free space in podman's store, and where it keeps what it takes in (TMPDIR of its service, by default /var/tmp), " +
    "then push the image again: what arrived whole is not sent a second time";
  return new DetailedError({ code, category, attempted, found, remedy });
}

/** Not that it does not answer, or takes too long. */
function isPodmansOwn({ category }: DetailedError): boolean {
  return category !== "unavailable" && category !== "deadline-exceeded" && category !== "cancelled";
}

/** Podman tries an archive as each kind that there is, and tells how each attempt failed, a line for each. Only one is
 * about the kind that it is. */
function reasonIn(message: string): string {
  const line = message.split("\n").find((each) => /^\s*\* oci-archive: /.test(each));
  const reason = line?.replace(/^\s*\* oci-archive: /, "").trim();
  return reason === undefined || reason === "" ? message : reason;
}
