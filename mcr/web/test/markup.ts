const empty = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

/** What is wrong with the nesting of a page: tags that are not closed, or closed by others. The parser of a browser mends
 * that without a word. */
export function nestingProblems(html: string): string[] {
  const open: string[] = [];
  const problems: string[] = [];
  for (const [tag, closing = "", name = "", rest = ""] of html.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>/gi,
  )) {
    if (empty.test(name) || (closing === "" && rest.endsWith("/"))) continue;
    if (closing === "") open.push(name);
    else if (open.at(-1) === name) open.pop();
    else problems.push(`${tag} closes <${open.at(-1) ?? ""}>`);
  }
  return [...problems, ...open.map((name) => `<${name}> is not closed`)];
}

/** Ids that a page has twice, and references to ids that it lacks. */
export function idProblems(html: string): string[] {
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id ?? "");
  const used = [...html.matchAll(/ (?:for|aria-labelledby)="([^"]*)"/g)].map(([, id]) => id ?? "");
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `the id ${id} is there twice`),
    ...used.filter((id) => !ids.includes(id)).map((id) => `there is no id ${id}`),
  ];
}

/** In the page: texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, criterion 1.4.3), 3 to 1 where they
 * are large. */
export const lowContrast = `(() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const light = ([r, g, b]) => { const f = [r, g, b].map((v) => { const c = v / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const behind = (e) => { for (let p = e; p; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement; if (!node.data.trim() || element.closest("svg, .hidden, .skip")) continue;
    const style = getComputedStyle(element); if (style.visibility === "hidden" || element.getClientRects().length === 0) continue;
    const a = light(parse(style.color)), b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize); const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(node.data.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return found;
})()`;
