import type { Command } from "@commander-js/extra-typings";
import { defineCaAuthorities } from "./ca-authorities.ts";
import { defineCaChange } from "./ca-change.ts";
import { defineCaComplete } from "./ca-complete.ts";
import { defineCaCrl } from "./ca-crl.ts";
import { defineCaImport } from "./ca-import.ts";
import { defineCaIntermediate } from "./ca-intermediate.ts";
import { defineCaIssue } from "./ca-issue.ts";
import { defineCaList } from "./ca-list.ts";
import { defineCaProfile } from "./ca-profile.ts";
import { defineCaRenew } from "./ca-renew.ts";
import { defineCaRevoke } from "./ca-revoke.ts";
import { defineCaRoot } from "./ca-root.ts";
import { defineCaShow } from "./ca-show.ts";
import { defineCaSign } from "./ca-sign.ts";
import { defineCaSignAuthority } from "./ca-sign-authority.ts";
import type { CommandContext } from "./context.ts";

/** `metacrypt ca …`: they all ask the running server. */
export function defineCa(program: Command, context: CommandContext): void {
  const ca = program.command("ca").description("certificate authorities and what they issue");
  defineCaRoot(ca, context);
  defineCaIntermediate(ca, context);
  defineCaImport(ca, context);
  defineCaComplete(ca, context);
  defineCaAuthorities(ca, context);
  defineCaChange(ca, context);
  defineCaIssue(ca, context);
  defineCaSign(ca, context);
  defineCaSignAuthority(ca, context);
  defineCaRenew(ca, context);
  defineCaRevoke(ca, context);
  defineCaList(ca, context);
  defineCaShow(ca, context);
  defineCaCrl(ca, context);
  defineCaProfile(ca, context);
}
