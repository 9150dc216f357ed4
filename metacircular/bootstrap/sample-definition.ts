/** Name of the service that `up` deploys. */
export const sampleName = "hello";

/** The example's definition for a node whose services have their data elsewhere than in `/srv`, and whose proxy serves
 * another port. Comments and order stay. */
export function placeDefinition(
  example: string,
  place: { readonly node: string; readonly dataDirectory: string; readonly port: number },
): string {
  return example
    .replace(/^node = "[^"]*"/m, `node = "${place.node}"`)
    .replace(/^port = \d+/m, `port = ${place.port}`)
    .replaceAll('"/srv/', `"${place.dataDirectory}/`);
}
