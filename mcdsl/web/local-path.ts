/** A path on this host that a visitor wants to get back to; `/` where the text is anything else, such as the address
 * of another host, which a link that somebody was sent could name. */
export function localPath(text: string | null | undefined): string {
  if (text === null || text === undefined || text.length > 2_000) return "/";
  // Browsers take a backslash for a slash, and drop control characters, before they look at it.
  if (!/^\/(?!\/)[^\\]*$/.test(text) || hasControlCharacter(text)) return "/";
  const url = URL.parse(text, "https://local.invalid");
  if (url?.origin !== "https://local.invalid" || url.pathname.startsWith("//")) return "/";
  return `${url.pathname}${url.search}`;
}

function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001F\u007F]/.test(text);
}
