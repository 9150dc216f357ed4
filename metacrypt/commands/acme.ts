import type { Command } from "@commander-js/extra-typings";
import { defineAcmeAccountDeactivate, defineAcmeAccountList } from "./acme-account.ts";
import { defineAcmeBindingCreate } from "./acme-binding-create.ts";
import { defineAcmeBindingList } from "./acme-binding-list.ts";
import { defineAcmeBindingRevoke } from "./acme-binding-revoke.ts";
import { defineAcmeOrders } from "./acme-orders.ts";
import { defineAcmeSet } from "./acme-set.ts";
import { defineAcmeSettings } from "./acme-settings.ts";
import type { CommandContext } from "./context.ts";

/** `metacrypt acme …`: they all ask the running server. */
export function defineAcme(program: Command, context: CommandContext): void {
  const acme = program.command("acme").description("the ACME server of a CA mount");
  defineAcmeSettings(acme, context);
  defineAcmeSet(acme, context);

  const binding = acme.command("binding").description("external account bindings: who may open accounts");
  defineAcmeBindingCreate(binding, context);
  defineAcmeBindingList(binding, context);
  defineAcmeBindingRevoke(binding, context);

  const account = acme.command("account").description("ACME accounts");
  defineAcmeAccountList(account, context);
  defineAcmeAccountDeactivate(account, context);

  defineAcmeOrders(acme, context);
}
