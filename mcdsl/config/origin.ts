/** Whether it is an origin as browsers write it (RFC 6454, section 6.1): scheme, host and port where it is not the usual
 * one, and nothing behind. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

export function isHttpsOrigin(text: string): boolean {
  return isOrigin(text) && text.startsWith("https:");
}
