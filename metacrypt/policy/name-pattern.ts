import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";

/**
 * Patterns of names, label by label between dots, without regard to case. `*` as a label is exactly one label, as in
 * certificates; `**` is one label or more. So `*.example.org` fits `a.example.org`, but neither `example.org` nor
 * `a.b.example.org`, which `**.example.org` fits. Inside a label, `*` is nothing special. A name that is itself a
 * wildcard (`*.example.org`) stands for all the names it certifies.
 *
 * Mail addresses, URIs, IPv6 addresses and common names with other characters are no hosts: a pattern of labels allows
 * none of them, however they end. One that has one of `@`, `:`, `/` and space itself does; `*` there is any text
 * without a slash.
 */

const hostName = /^[a-z0-9_.*-]*$/i;
const otherName = /[@:/ ]/;

/** Whether the pattern fits all that the name stands for. */
export function coversName(pattern: string, name: string): boolean {
  if (!hostName.test(name)) {
    return otherName.test(pattern) && fitsPattern(pattern.toLowerCase(), name.toLowerCase());
  }
  return fits(labelsOf(pattern), labelsOf(name), (wanted, found) => wanted === "*" || wanted === found);
}

/** Whether the pattern fits something that the name stands for. */
export function touchesName(pattern: string, name: string): boolean {
  if (otherName.test(pattern)) return fitsPattern(pattern.toLowerCase(), name.toLowerCase());
  return fits(
    labelsOf(pattern),
    labelsOf(name),
    (wanted, found) => wanted === "*" || found === "*" || wanted === found,
  );
}

export function isWildcard(name: string): boolean {
  return name.startsWith("*.");
}

function fits(
  pattern: readonly string[],
  name: readonly string[],
  same: (wanted: string, found: string) => boolean,
): boolean {
  const [wanted, ...rest] = pattern;
  const [found, ...others] = name;
  if (wanted === undefined || found === undefined) return wanted === undefined && found === undefined;
  if (wanted === "**") return fits(rest, others, same) || fits(pattern, others, same);
  return same(wanted, found) && fits(rest, others, same);
}

function labelsOf(name: string): string[] {
  return name.toLowerCase().replace(/\.$/u, "").split(".");
}
