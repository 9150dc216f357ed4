import type { IncomingMessage, ServerResponse } from "node:http";
import type { Html } from "@metacircular/mcdsl/web/html.ts";
import type { LoggedIn } from "@metacircular/mcdsl/web/logins.ts";
import type { Caller, Grants } from "../access/access.ts";
import type { Viewer } from "./pages/pieces.ts";

/** A request by somebody who is logged in. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** Aborted when the browser goes away, and after a while. */
  readonly signal: AbortSignal;
  readonly loggedIn: LoggedIn;
  readonly caller: Caller;
  readonly grants: Grants;
  readonly viewer: Viewer;
  /** Of the browser. */
  readonly address: string;
}

/** What a visit comes to. */
export type Outcome =
  | {
      readonly title: string;
      readonly current?: string;
      /** Default: 200. */
      readonly status?: number;
      readonly content: Html;
    }
  | { readonly redirect: string };
