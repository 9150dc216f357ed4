/** What the distribution specification 1.1, section "Pulling manifests", allows as `<name>` and as a tag. The parts of a
 * name are separated by what docker allows: dots, one or two underscores, any number of dashes. */
const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const namePattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Many clients limit host name and name together to this, says the specification. */
const maxNameLength = 255;

export function isRepositoryName(text: string): boolean {
  return text.length <= maxNameLength && namePattern.test(text);
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}
