import type { KeyRing } from "../keys/key-ring.ts";
import { sendJson } from "./respond.ts";
import type { Handler } from "./router.ts";

/** Short, so that a verifier that never asks again by itself learns of a rotation. */
const MAX_AGE_SECONDS = 60;

/** RFC 7517. Ours instead of the library's, because it also lists keys that only verify. */
export function keySetHandler(keys: KeyRing): Handler {
  return async (_request, response) => {
    response.setHeader("cache-control", `public, max-age=${MAX_AGE_SECONDS}`);
    sendJson(response, 200, keys.publicKeySet());
  };
}
