import { basename } from "node:path";

import type { Surroundings } from "../imported.ts";
import type { Assignment } from "./unit.ts";

/** A value with `%` specifiers replaced where they do not depend on the node. The others are problems, because the
 * text would mean something else. */
export function withoutSpecifiers(assignment: Assignment, surroundings: Surroundings): string {
  const { key, section, place, value } = assignment;
  const { report, home } = surroundings;
  const unit = basename(place.file).replace(/\.[a-z]+$/, "");
  const [prefix = "", instance] = unit.split("@");
  const isSystem = /^\/(etc|usr|run)\//.test(place.file);
  return value.replaceAll(/%(.)/g, (whole, specifier: string) => {
    switch (specifier) {
      case "%":
        return "%";
      case "N":
        return unit;
      case "n":
        return `${unit}.service`;
      case "p":
        return prefix;
      case "i":
        if (instance !== undefined && instance !== "") return instance;
        break;
      case "h":
        if (isSystem) return "/root";
        report.add(
          "changed",
          place,
          `${section}.${key}`,
          `%h is taken as ${home}; on the node it may be another directory`,
        );
        return home;
      default:
    }
    report.add(
      "problem",
      place,
      `${section}.${key}`,
      `${whole} is only known on the node; write there what it stands for`,
    );
    return whole;
  });
}
