import { DetailedError, type ErrorCategory } from "../errors.ts";
import { statusByCategory } from "../http/failure-status.ts";
import { html, type Html } from "./html.ts";

/** To a person who waits before a browser, a service that is late is one that does not work at the moment. */
const statusOnPage: Readonly<Record<ErrorCategory, number>> = {
  ...statusByCategory,
  cancelled: 500,
  "deadline-exceeded": 503,
};

const statusByCode: Readonly<Record<string, number>> = { REQUEST_TOO_LARGE: 413, METHOD_NOT_OFFERED: 405 };

const titles: Readonly<Record<number, string>> = {
  400: "That request cannot be understood",
  401: "Please log in",
  403: "That is not allowed",
  404: "There is nothing here",
  405: "That cannot be done here",
  409: "That cannot be done now",
  413: "That is too much at once",
  429: "Too many attempts",
  500: "Something is broken here",
  503: "That does not work at the moment",
};

/** What a failure is to a browser. */
export interface PageFailure {
  readonly status: number;
  readonly title: string;
  readonly page: Html;
}

/** What is shown for whatever was thrown: what it is, and what to do. Of a failure that nobody foresaw nothing is told
 * but the number by which the log has it. */
export function failurePage(thrown: unknown, incident: string): PageFailure {
  if (!(thrown instanceof DetailedError) || thrown.category === "internal") {
    return {
      status: 500,
      title: titles[500] ?? "",
      page: html`<p>
          This is a fault of the service, not yours. Nothing tells whether what you wanted was done.
        </p>
        <p>
          Look again, and if it happens once more, tell an administrator this number:
          <code>${incident}</code>. The log of the service has it too.
        </p>`,
    };
  }
  const status = statusByCode[thrown.code] ?? statusOnPage[thrown.category];
  return {
    status,
    title: titles[status] ?? "",
    page: html`<p>${capital(thrown.found)}.</p>
      <p>${thrown.remedy === "" ? "Go back and try again" : capital(thrown.remedy)}.</p>
      <p><a class="button" href="/">To the start</a></p>
      <p class="quiet">Code: <code>${thrown.code}</code></p>`,
  };
}

/** For a path that nothing is at, and for what somebody may not know of. */
export function notFound(found = "there is nothing at this address, or you may not see it"): DetailedError {
  return new DetailedError({
    code: "PAGE_NOT_FOUND",
    category: "not-found",
    attempted: "show the page",
    found,
    remedy: "check the address, or begin at the start",
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
