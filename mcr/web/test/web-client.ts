import type { TestAccount } from "@metacircular/testkit/registry-server.ts";

/** What a browser without scripts does, for requests that no real browser would send. */
export class WebClient {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.#send(path, { headers });
  }

  /** Sends a form as a page of the service does; `headers` replace what it says of itself. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { "sec-fetch-site": "same-origin" },
  ): Promise<Page> {
    return this.#send(path, { method: "POST", headers, body: new URLSearchParams(fields) });
  }

  /** Opens a page and sends its form with these fields besides the hidden ones. */
  async submit(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Page> {
    const page = await this.get(path);
    return this.post(path.split("?", 1)[0] ?? "", { ...page.hidden, ...fields }, headers);
  }

  async login({ name, password }: TestAccount, to = "/"): Promise<Page> {
    return this.submit(`/login?${new URLSearchParams({ to }).toString()}`, { username: name, password });
  }

  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  async #send(
    path: string,
    options: RequestInit & { headers: Readonly<Record<string, string>> },
  ): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${this.#origin}${path}`, {
      ...options,
      redirect: "manual",
      headers: { cookie, ...options.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const html = await response.text();
    return { status: response.status, headers: response.headers, html, hidden: hiddenFields(html) };
  }
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Of the form in the content. */
  readonly hidden: Readonly<Record<string, string>>;
}

function hiddenFields(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  const content = html.slice(html.indexOf("<main"));
  for (const [, name, value] of content.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined) fields[name] = value;
  }
  return fields;
}
