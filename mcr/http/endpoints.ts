import type { Action, Scope } from "../access/access.ts";
import type { AuditAction } from "../audit/audit.ts";
import { isRepositoryName } from "../names.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import { beginUpload } from "./begin-upload.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import type { Exchange } from "./exchange.ts";
import { listReferrers, listRepositories, listTags } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import type { Route } from "./route.ts";
import { deleteUpload, getUpload, patchUpload, putUpload } from "./uploads.ts";

export interface Endpoint<R extends Route = Route> {
  /** What the caller has to be allowed in the repository; `login`: to be somebody; `catalog`: to list repositories. */
  readonly needs: Action | "login" | "catalog";
  /** What success is in the audit. Undefined: it is not in there. */
  readonly audit?: AuditAction;
  /** What being refused is in the audit. */
  readonly auditDenied?: AuditAction;
  readonly serve: (route: R, exchange: Exchange) => Promise<Answer>;
}

type Methods<R extends Route> = Readonly<Partial<Record<string, Endpoint<R>>>>;

/** Every endpoint, with the right that it needs. A mount also needs `pull` where it mounts from. */
const endpoints: { readonly [Kind in Route["kind"]]: Methods<Extract<Route, { kind: Kind }>> } = {
  version: {
    GET: { needs: "login", serve: version },
    HEAD: { needs: "login", serve: version },
  },
  catalog: {
    GET: { needs: "catalog", serve: listRepositories },
  },
  tags: {
    GET: { needs: "pull", auditDenied: "pull-manifest", serve: listTags },
  },
  manifest: {
    GET: { needs: "pull", audit: "pull-manifest", auditDenied: "pull-manifest", serve: getManifest },
    HEAD: { needs: "pull", auditDenied: "pull-manifest", serve: getManifest },
    PUT: { needs: "push", audit: "push-manifest", auditDenied: "push-manifest", serve: putManifest },
    DELETE: { needs: "delete", audit: "delete-tag", auditDenied: "delete-tag", serve: deleteManifest },
  },
  blob: {
    GET: { needs: "pull", auditDenied: "pull-manifest", serve: getBlob },
    HEAD: { needs: "pull", auditDenied: "pull-manifest", serve: getBlob },
    DELETE: { needs: "delete", audit: "delete-blob", auditDenied: "delete-blob", serve: deleteBlob },
  },
  uploads: {
    POST: { needs: "push", auditDenied: "push-blob", serve: beginUpload },
  },
  upload: {
    GET: { needs: "push", auditDenied: "push-blob", serve: getUpload },
    PATCH: { needs: "push", auditDenied: "push-blob", serve: patchUpload },
    PUT: { needs: "push", audit: "push-blob", auditDenied: "push-blob", serve: putUpload },
    DELETE: { needs: "push", auditDenied: "push-blob", serve: deleteUpload },
  },
  referrers: {
    GET: { needs: "pull", auditDenied: "pull-manifest", serve: listReferrers },
  },
};

export function endpointsOf(route: Route): Methods<Route> {
  return endpoints[route.kind] as Methods<Route>;
}

/** What a token has to be for, in the terms of the challenge. Who pushes is asked to read as well: clients look at what
 * is there before they push. */
export function scopesOf(route: Route, endpoint: Endpoint, query: URLSearchParams): readonly Scope[] {
  if (endpoint.needs === "catalog") return ["catalog"];
  if (endpoint.needs === "login" || !("repository" in route)) return [];
  const { repository } = route;
  if (endpoint.needs !== "push") return [{ repository, actions: [endpoint.needs] }];
  const pushed: Scope = { repository, actions: ["pull", "push"] };
  const from = route.kind === "uploads" && query.has("mount") ? query.get("from") : null;
  if (from === null || from === repository || !isRepositoryName(from)) return [pushed];
  return [pushed, { repository: from, actions: ["pull"] }];
}

/** Section "Determining Support". */
async function version(): Promise<Answer> {
  return jsonAnswer(200, {});
}
