import { join } from "node:path";

import type { Surroundings } from "../imported.ts";
import type { Place } from "../report.ts";
import { readEnvFile } from "./dotenv.ts";
import { interpolate } from "./interpolate.ts";

/** Values of the variables of a compose file. */
export interface Variables {
  readonly get: (name: string) => string | undefined;
  /** The text with variables replaced; those that are missing are reported at the place. */
  readonly replace: (text: string, place: Place) => string;
}

/** Variables of the environment, then of the `.env` beside the file, as compose takes them. */
export async function variablesOf(directory: string, surroundings: Surroundings): Promise<Variables> {
  const { environment, report, read } = surroundings;
  const own = (name: string): string | undefined => environment[name];
  const file = readEnvFile((await read(join(directory, ".env"))) ?? "", own);
  const get = (name: string): string | undefined => own(name) ?? file.get(name);
  return {
    get,
    replace(text, place) {
      if (!text.includes("$")) return text;
      const taken = new Set<string>();
      const {
        text: result,
        unset,
        demanded,
      } = interpolate(text, (name) => {
        if (own(name) !== undefined) taken.add(name);
        return get(name);
      });
      for (const name of taken)
        report.add("changed", place, `\${${name}}`, "its value comes from your environment");
      for (const name of unset)
        report.add("changed", place, `\${${name}}`, "it is not set, so nothing stands in its place");
      for (const { variable, message } of demanded) {
        report.add(
          "problem",
          place,
          `\${${variable}}`,
          message === "" ? "it must be set; set it, or write it into .env" : `it must be set: ${message}`,
        );
      }
      return result;
    },
  };
}
