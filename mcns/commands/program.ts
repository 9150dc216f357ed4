import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import manifest from "../package.json" with { type: "json" };
import type { CommandContext } from "./context.ts";
import { defineZoneAdd } from "./zone-add.ts";
import { defineZoneSet } from "./zone-set.ts";
import { defineZoneList } from "./zone-list.ts";
import { defineZoneShow } from "./zone-show.ts";
import { defineZoneRemove } from "./zone-remove.ts";
import { defineZoneImport } from "./zone-import.ts";
import { defineZoneExport } from "./zone-export.ts";
import { defineRecordAdd } from "./record-add.ts";
import { defineRecordSet } from "./record-set.ts";
import { defineRecordList } from "./record-list.ts";
import { defineRecordRemove } from "./record-remove.ts";
import { defineKeyAdd } from "./key-add.ts";
import { defineKeyList } from "./key-list.ts";
import { defineKeyRemove } from "./key-remove.ts";
import { defineRestore } from "./restore.ts";
import { defineServer } from "./server.ts";
import { defineSnapshot } from "./snapshot.ts";

/** The whole command line. `zone`, `record` and `key` talk to a server that runs, here or elsewhere. */
export function createProgram(context: CommandContext): Command {
  const { version } = manifest;
  const program = new Command("mcns").description("The name server: zones, records, forwarding.");
  defineServer(program, context, version);

  const zone = program.command("zone").description("what this server answers for");
  defineZoneAdd(zone, context);
  defineZoneSet(zone, context);
  defineZoneList(zone, context);
  defineZoneShow(zone, context);
  defineZoneRemove(zone, context);
  defineZoneImport(zone, context);
  defineZoneExport(zone, context);

  const record = program.command("record").description("what is in the zones");
  defineRecordAdd(record, context);
  defineRecordSet(record, context);
  defineRecordList(record, context);
  defineRecordRemove(record, context);

  const key = program.command("key").description("secrets shared with secondaries and for dynamic updates");
  defineKeyAdd(key, context);
  defineKeyList(key, context);
  defineKeyRemove(key, context);

  defineSnapshot(program, context);
  defineRestore(program, context);
  defineVersionCommand(program, { program: "mcns", version, terminal: context.terminal });
  return program.addHelpText(
    "after",
    examples("mcns server --config /srv/mcns/mcns.toml", "mcns record set example.org www A 192.0.2.7"),
  );
}
