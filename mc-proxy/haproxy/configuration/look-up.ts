/** Rules that find the route of the name in the variable `name`: its entry goes to the variable `route`, and the port and
 * name that the entry is under to `key`. A wildcard is looked up only where the name has no route of its own, and stands for
 * what can be a label only: the name goes into headers and redirects, and clients may send quotes, slashes and `@` in it. */
export function lookUp(options: {
  /** `http-request` or `tcp-request content` */
  rules: string;
  scope: "sess" | "txn";
  port: number;
  /** Path of the map. */
  map: string;
  /** A condition that has to hold besides. */
  when?: string;
}): string[] {
  const { rules, scope, port, map, when } = options;
  const always = when === undefined ? "" : ` if ${when}`;
  const unknown = ` if ${when === undefined ? "" : `${when} `}!{ var(${scope}.route) -m found }`;
  const key = `${rules} set-var(${scope}.key) str(${port}|),concat(,${scope}.name)`;
  const route = `${rules} set-var(${scope}.route) var(${scope}.key),map_str(${map})`;
  return [
    `${key}${always}`,
    `${route}${always}`,
    `${rules} set-var(${scope}.name) var(${scope}.name),regsub(^[a-z0-9_-]+[.],*.)${unknown}`,
    `${key}${unknown}`,
    `${route}${unknown}`,
  ];
}
