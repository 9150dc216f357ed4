/** The example's definition for a node whose services have their data elsewhere than in `/srv`. Comments and
 * order stay. */
export function placeDefinition(
  example: string,
  place: { readonly node: string; readonly dataDirectory: string },
): string {
  return example
    .replace(/^node = "[^"]*"/m, `node = "${place.node}"`)
    .replaceAll('"/srv/', `"${place.dataDirectory}/`);
}
