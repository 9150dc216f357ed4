import { setTopLevel } from "../toml/edit.ts";
import { editFile } from "../toml/edit-file.ts";
import { parseSource, topLevelEntry } from "../toml/source.ts";

/** Sets `active` in the text of a definition; comments and order stay. Nothing is added where the default
 * already says it. */
export function withActive(text: string, active: boolean): string {
  const isSet = topLevelEntry(parseSource(text), "active") !== undefined;
  return active && !isSet ? text : setTopLevel(text, "active", active, "node");
}

/** Sets `active` in an operator's definition file.
 * @throws DetailedError FILE_NOT_EDITABLE; then the file is as it was */
export async function editActive(file: string, active: boolean): Promise<void> {
  await editFile(file, (text) => withActive(text, active));
}
