/** What to do about an image whose registry does not answer as expected and is not the configured one: that may be where
 * it has moved to. Empty: it is the configured one, or none is configured.
 * @param registry `host[:port]` of the image
 * @param configured `host[:port]`; empty: none */
export function movedRegistryRemedy(registry: string, configured: string): string {
  if (configured === "" || registry === "" || registry === configured) return "";
  return `if ${registry} has moved to ${configured}, the registry that is configured, write ${configured}/ in place of ${registry}/ in the definition`;
}
