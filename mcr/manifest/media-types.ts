/** Manifests that the registry takes, by their media types: of the OCI image specification 1.1, and docker's image
 * manifest version 2, schema 2. What came before them (docker's schema 1) is unsafe and refused. */
export const manifestKinds: ReadonlyMap<string, "image" | "index"> = new Map([
  ["application/vnd.oci.image.manifest.v1+json", "image"],
  ["application/vnd.oci.image.index.v1+json", "index"],
  ["application/vnd.docker.distribution.manifest.v2+json", "image"],
  ["application/vnd.docker.distribution.manifest.list.v2+json", "index"],
]);

export const ociIndex = "application/vnd.oci.image.index.v1+json";

/** Layers that are not to be pushed, but to be fetched from elsewhere. */
const nonDistributable =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.foreign\.diff\.tar(?:\.gzip)?)$/;

export function isNonDistributable(mediaType: string): boolean {
  return nonDistributable.test(mediaType);
}
