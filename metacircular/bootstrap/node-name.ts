/** A host name as the name of a node: its first label, in lower case, of letters, digits and inner hyphens. */
export function nodeName(hostName: string): string {
  const label = (hostName.split(".")[0] ?? "").toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
  const trimmed = label.slice(0, 63).replaceAll(/^-+|-+$/g, "");
  return trimmed === "" ? "local" : trimmed;
}

/** The name for a node whose host name another platform on this machine already uses. */
export function alternativeName(name: string, suffix: string): string {
  return `${name.slice(0, 62 - suffix.length).replace(/-+$/, "")}-${suffix}`;
}
