import type { DesiredState, PlainHttp } from "../../engine/desired-state.ts";
import { routesMap } from "../entries.ts";
import type { Paths } from "../paths.ts";
import { admission } from "./admission.ts";
import { lookUp } from "./look-up.ts";
import { bindAddress, only, section } from "./section.ts";

/** Plain HTTP: challenges of ACME go to whoever answers them, requests for known names to HTTPS; others end here. */
export function plainHttp(http: PlainHttp, desired: DesiredState, paths: Paths): string[] {
  const ports = [...new Set(http.listen.map(({ port }) => port))];
  return ports.map((port) =>
    section(`frontend http-${port}`, [
      "mode http",
      "option idle-close-on-response",
      ...http.listen
        .filter((address) => address.port === port)
        .map((address) => `bind ${bindAddress(address)}`),
      ...admission(port, paths, desired.limits),
      ...only(http.acmeBackend !== undefined, "acl challenge path_beg /.well-known/acme-challenge/"),
      ...redirect(http, paths),
      ...only(http.acmeBackend !== undefined, "use_backend acme-http if challenge"),
    ]),
  );
}

function redirect(http: PlainHttp, paths: Paths): string[] {
  const passedOn = http.acmeBackend !== undefined;
  const challenges = passedOn ? "!challenge" : "";
  const rest = passedOn ? "unless challenge" : "";
  const port = http.redirectPort === 443 ? "" : `:${http.redirectPort}`;
  return [
    "http-request set-var(txn.name) req.fhdr(host),field(1,:),rtrim(.),lower",
    "http-request set-var(txn.asked) var(txn.name)",
    ...lookUp({ rules: "http-request", scope: "txn", port: http.redirectPort, map: paths.map(routesMap) }),
    `http-request redirect prefix https://%[var(txn.asked)]${port} code 308 if { var(txn.route) -m found } ${challenges}`,
    `http-request return status 404 content-type text/plain string "Nothing is served here.\\n" ${rest}`,
  ];
}
