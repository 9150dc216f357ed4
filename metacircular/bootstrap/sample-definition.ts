/** Name of the service that `up` deploys. */
export const sampleName = "hello";

/** The example's definition for a node whose services have their data elsewhere than in `/srv`, whose proxy serves
 * another port, and whose images come from a registry. Comments and order stay. */
export function placeDefinition(
  example: string,
  place: {
    readonly node: string;
    readonly dataDirectory: string;
    readonly port: number;
    readonly registry: string;
  },
): string {
  return example
    .replace(/^node = "[^"]*"/m, `node = "${place.node}"`)
    .replace(/^port = \d+/m, `port = ${place.port}`)
    .replaceAll('"localhost/', `"${place.registry}/`)
    .replaceAll('"/srv/', `"${place.dataDirectory}/`);
}
