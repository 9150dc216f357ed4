import { DetailedError, messageOf } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";

/** Codes of Node.js for a certificate that the caller's authorities do not vouch for. */
const untrustedCodes = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "INVALID_CA",
]);

type Explanation = { code: string; found: string; remedy: string };

/** Why a connection to `subject` could not be made or broke, for people; category unavailable.
 * @param attempted continues "cannot …"; default `connect to` */
export function connectionFailure(subject: string, thrown: unknown, attempted = "connect to"): DetailedError {
  const explanation = explain(systemCodeOf(thrown), thrown);
  return new DetailedError({ ...explanation, category: "unavailable", attempted, subject, cause: thrown });
}

/** Whether the code says that TLS could not be agreed on. */
export function isTlsCode(code: string): boolean {
  return untrustedCodes.has(code) || /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|HOSTNAME_MISMATCH$)/.test(code);
}

function explain(code: string, thrown: unknown): Explanation {
  if (untrustedCodes.has(code)) {
    const found = "its certificate was not issued by a trusted authority";
    return { code: "TLS_FAILED", found, remedy: "name the authority's certificate as the CA file" };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const found = "its certificate is for another name";
    return { code: "TLS_FAILED", found, remedy: "use a name that is in the certificate" };
  }
  if (code === "CERT_HAS_EXPIRED") {
    const found = "its certificate has expired";
    return { code: "TLS_FAILED", found, remedy: "renew the certificate there" };
  }
  if (isTlsCode(code)) {
    const found = `TLS 1.3 could not be agreed on (${code})`;
    return { code: "TLS_FAILED", found, remedy: "check that a TLS 1.3 server listens on that port" };
  }
  const remedy = "check that it is running, the address, and the network between";
  return { code: "UNREACHABLE", found: unreachable(code, thrown), remedy };
}

function unreachable(code: string, thrown: unknown): string {
  switch (code) {
    case "ECONNREFUSED":
      return "the connection was refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name does not resolve";
    case "ETIMEDOUT":
      return "the connection timed out";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection broke";
    default:
      return messageOf(thrown);
  }
}
