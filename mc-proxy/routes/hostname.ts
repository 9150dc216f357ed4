const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/u;
/** RFC 1035, section 2.3.4, without the root's label. */
const maxCharacters = 253;

/** Why this is not the host name of a route, in lower case; undefined: it is. It is a name by RFC 1123, section 2.1, or
 * `*.` and such a name of two labels or more. Addresses are none: clients don't send them as server name (RFC 6066, section 3). */
export function hostnameProblem(hostname: string): string | undefined {
  if (hostname === "") return "is empty";
  if (hostname.length > maxCharacters) return `is longer than ${maxCharacters} characters`;
  const labels = (hostname.startsWith("*.") ? hostname.slice(2) : hostname).split(".");
  if (labels.some((each) => each.includes("*")))
    return 'may have a "*" as its whole first label only, e.g. "*.example.org"';
  if (labels.some((each) => !label.test(each)))
    return 'is not a host name: labels of a-z, 0-9 and "-", with "." between';
  if (hostname.startsWith("*.") && labels.length < 2) return "needs at least two labels behind its wildcard";
  return /^\d+$/u.test(labels.at(-1) ?? "") ? "is an address, not a name" : undefined;
}
