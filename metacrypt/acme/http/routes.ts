import { account, accountOrders } from "./account.ts";
import type { AcmeAnswer } from "./answer.ts";
import { authorization, challenge } from "./authorization.ts";
import type { AcmeCall } from "./call.ts";
import { certificate } from "./certificate.ts";
import { keyChange } from "./key-change.ts";
import { newAccount } from "./new-account.ts";
import { newOrder } from "./new-order.ts";
import { finalize, order } from "./order.ts";
import { revokeCertificate } from "./revoke-certificate.ts";

/** A resource that is reached by signed POST requests. */
export interface SignedRoute {
  /** Of the path below the mount; groups are the operation's parameters. */
  readonly path: RegExp;
  readonly accepts: "jwk" | "kid" | "both";
  readonly operation: (
    call: AcmeCall,
    parameters: readonly string[],
    query: URLSearchParams,
  ) => Promise<AcmeAnswer>;
}

export const signedRoutes: readonly SignedRoute[] = [
  { path: /^new-account$/, accepts: "jwk", operation: newAccount },
  { path: /^account\/([a-z0-9]{1,64})$/, accepts: "kid", operation: account },
  { path: /^account\/([a-z0-9]{1,64})\/orders$/, accepts: "kid", operation: accountOrders },
  { path: /^key-change$/, accepts: "kid", operation: keyChange },
  { path: /^new-order$/, accepts: "kid", operation: newOrder },
  { path: /^order\/([a-z0-9]{1,64})$/, accepts: "kid", operation: order },
  { path: /^order\/([a-z0-9]{1,64})\/finalize$/, accepts: "kid", operation: finalize },
  { path: /^authorization\/([a-z0-9]{1,64})$/, accepts: "kid", operation: authorization },
  { path: /^challenge\/([a-z0-9]{1,64})\/([a-z0-9-]{1,32})$/, accepts: "kid", operation: challenge },
  { path: /^certificate\/([a-f0-9]{1,64})$/, accepts: "kid", operation: certificate },
  { path: /^revoke-certificate$/, accepts: "both", operation: revokeCertificate },
];
