import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { max-width: 28rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
label, button { display: block; margin-top: 1rem; }
input { display: block; box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; }
button { padding: .5rem 1.5rem; font: inherit; }
.error { border-left: .3rem solid #c22; padding: .25rem .75rem; }
.code { font-family: ui-monospace, monospace; font-size: 1.5rem; letter-spacing: .1em; }
dt { font-weight: bold; } dd { margin: 0; overflow-wrap: anywhere; }`;

/** No script, no other origin, nothing but our own style sheet. */
export const DEVICE_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

export interface PendingLogin {
  /** As shown in the terminal, e.g. `BCDF-GHJK`. */
  readonly userCode: string;
  readonly clientName: string;
  readonly address: string;
  readonly userAgent: string;
}

/** Asks for the code that the terminal shows. */
export function codePage(problem?: string): string {
  return page(
    "Enter the code",
    `${alert(problem)}
<p>Enter the code that your terminal shows.</p>
<form method="get" action="/device">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" class="code" required autofocus maxlength="20"
 autocomplete="off" autocapitalize="characters" spellcheck="false">
<button>Continue</button>
</form>`,
  );
}

/** Asks who approves, and shows what is approved. */
export function approvalPage(
  login: PendingLogin,
  formToken: string,
  username = "",
  problem?: string,
): string {
  return page(
    "Approve a login",
    `${alert(problem)}
<p>A program asks to act in your name. Approve only what you have started yourself, and only if
this is the code that it shows:</p>
<p class="code">${escape(login.userCode)}</p>
<dl>
<dt>Program</dt><dd>${escape(login.clientName)}</dd>
<dt>Asked from</dt><dd>${escape(login.address)}</dd>
<dt>Describes itself as</dt><dd>${escape(login.userAgent || "(nothing)")}</dd>
</dl>
<form method="post" action="/device">
<input type="hidden" name="form_token" value="${escape(formToken)}">
<input type="hidden" name="user_code" value="${escape(login.userCode)}">
<label for="username">User name</label>
<input id="username" name="username" value="${escape(username)}" required maxlength="63"
 autocomplete="username" autocapitalize="none" spellcheck="false">
<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</form>`,
  );
}

export function donePage(approved: boolean): string {
  return approved
    ? page("Approved", "<p>You are logged in. Go back to your terminal; you can close this page.</p>")
    : page("Denied", "<p>The login was denied. You can close this page.</p>");
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - MCIAS</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

function alert(problem: string | undefined): string {
  return problem === undefined ? "" : `<p class="error" role="alert">${escape(problem)}</p>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
