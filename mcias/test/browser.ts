/** What a browser without scripts does with the approval page: follow the link, fill in the form. */
export async function approveInBrowser(
  link: string,
  username: string,
  password: string,
  decision = "approve",
): Promise<string> {
  const form = await openForm(link);
  const response = await submitForm(form, { username, password, decision });
  return response.text();
}

export interface OpenForm {
  readonly action: URL;
  readonly cookie: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly html: string;
}

export async function openForm(link: string): Promise<OpenForm> {
  const response = await fetch(link);
  const html = await response.text();
  const hidden: Record<string, string> = {};
  for (const [, name, value] of html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)) {
    if (name !== undefined && value !== undefined) hidden[name] = value;
  }
  const action = /<form method="post" action="([^"]+)">/.exec(html)?.[1] ?? "";
  const cookie = response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
  return { action: new URL(action, link), cookie, hidden, html };
}

export async function submitForm(
  form: OpenForm,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(form.action, {
    method: "POST",
    headers: { cookie: form.cookie, "sec-fetch-site": "same-origin", ...headers },
    body: new URLSearchParams({ ...form.hidden, ...fields }),
  });
}
