import { randomBytes } from "node:crypto";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import type { Binding } from "../binding.ts";
import { createBinding } from "../bindings.ts";
import type { RunningAcme } from "./running-acme.ts";

/** A binding that an administrator makes for a system account. */
export function bindingFor(acme: Pick<RunningAcme, "store">, account: string): Binding {
  return createBinding(
    {
      mount: "pki",
      store: acme.store,
      audit: { change: (_, work) => work(), record: () => undefined },
      clock: systemClock,
      random: (byteCount) => randomBytes(byteCount).toString("base64url"),
    },
    { account, kind: "", note: "" },
    { subject: "1", name: "root", kind: "human", roles: ["admin"], expiresAtMs: Number.MAX_SAFE_INTEGER },
  );
}
