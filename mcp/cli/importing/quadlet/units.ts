import { basename, dirname, extname, join } from "node:path";

import {
  asLabel,
  type ImportedComponent,
  type ImportedService,
  named,
  type Surroundings,
} from "../imported.ts";
import { containerComponent } from "./container.ts";
import { type Assignment, readUnit } from "./unit.ts";

/** Endings of the units that Quadlet knows. */
export const unitEndings: ReadonlySet<string> = new Set([
  ".container",
  ".network",
  ".volume",
  ".pod",
  ".kube",
  ".image",
  ".build",
]);

const orders = new Set(["After", "Requires", "Wants", "BindsTo"]);

interface ContainerFile {
  readonly file: string;
  readonly unit: string;
  readonly assignments: readonly Assignment[];
}

/** The units of one directory as a service, with a component for each container.
 * @param files all units of the directory that are imported
 * @param chosenName name of the service; undefined: what the units' names have in common, else the directory's */
export async function quadletService(
  files: readonly string[],
  chosenName: string | undefined,
  surroundings: Surroundings,
): Promise<ImportedService | undefined> {
  const { report } = surroundings;
  const containers: ContainerFile[] = [];
  for (const file of files) {
    const text = await surroundings.read(file);
    const start = { file, line: 1 };
    if (text === undefined)
      report.add("problem", start, basename(file), "it cannot be read as text, or is too large");
    else if (extname(file) === ".container") {
      containers.push({ file, unit: basename(file, ".container"), assignments: readUnit(file, text) });
    } else noteOther(file, readUnit(file, text), surroundings);
  }
  const [first] = containers;
  if (first === undefined) return undefined;
  const start = { file: first.file, line: 1 };
  const service =
    chosenName ?? named(commonName(containers), "service", { place: start, key: "name", report });
  const nameOnNode = await namesOnNode(dirname(first.file), containers, surroundings);
  const components: ImportedComponent[] = [];
  for (const { file, unit, assignments } of inOrder(containers, surroundings)) {
    const own = unit.startsWith(`${service}-`) ? unit.slice(service.length + 1) : unit.replace(/@.*$/, "");
    const name = named(own, "component", { place: { file, line: 1 }, key: "name", report });
    components.push(await containerComponent(file, assignments, name, { service, surroundings, nameOnNode }));
  }
  return { name: service, components, build: {} };
}

/** Units beside the containers: what they set is made on the node by hand. */
function noteOther(file: string, assignments: readonly Assignment[], { report }: Surroundings): void {
  const ending = extname(file);
  if (ending === ".kube") {
    report.add(
      "left-out",
      { file, line: 1 },
      basename(file),
      "pods of Kubernetes are not read; write a component for each container",
    );
    return;
  }
  for (const { section, key, place } of assignments) {
    if (section === "Unit" || section === "Install" || key === "NetworkName" || key === "VolumeName")
      continue;
    report.add(
      "left-out",
      place,
      `${section}.${key}`,
      reasons[ending] ?? "only containers become components",
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  ".network": "a network is made on the node, by hand",
  ".volume": "a volume is made without settings",
  ".pod": "there are no pods; give it to the component that needs it",
  ".image": "images are pulled where they are missing",
  ".build": "how an image is built stands in [build.images] of the definition",
};

/** `app` for `app` and `app-db`; else the name of the only unit, else that of the directory. */
function commonName(containers: readonly ContainerFile[]): string {
  const units = containers.map(({ unit }) => unit.replace(/@.*$/, ""));
  const [only, ...others] = units;
  if (only !== undefined && others.length === 0) return only;
  const candidates = new Set(units.flatMap((unit) => [unit, unit.split("-")[0] ?? unit]));
  const fits = [...candidates].filter((name) =>
    units.every((unit) => unit === name || unit.startsWith(`${name}-`)),
  );
  return (
    fits.toSorted((a, b) => b.length - a.length)[0] ??
    (asLabel(basename(dirname(containers[0]?.file ?? ""))) || "imported")
  );
}

/** What units such as `data.volume` are called on the node: as they say, else `systemd-data`. */
async function namesOnNode(
  directory: string,
  containers: readonly ContainerFile[],
  { read }: Surroundings,
): Promise<(unit: string) => string> {
  const names = new Map<string, string>();
  const values = containers.flatMap(({ assignments }) =>
    assignments.map(({ value }) => value.split(":")[0] ?? ""),
  );
  for (const unit of new Set(values.filter((value) => /^[^/]+\.(volume|network)$/.test(value)))) {
    const assignments = readUnit(unit, (await read(join(directory, unit))) ?? "");
    const given = assignments.findLast(({ key }) => key === "VolumeName" || key === "NetworkName");
    names.set(unit, given?.value ?? `systemd-${unit.replace(/\.(volume|network)$/, "")}`);
  }
  return (unit) => names.get(unit) ?? unit;
}

/** Containers, each after those that it names in `After`, `Requires` and the like. */
function inOrder(containers: readonly ContainerFile[], { report }: Surroundings): ContainerFile[] {
  const byService = new Map(containers.map((container) => [`${container.unit}.service`, container]));
  const order: ContainerFile[] = [];
  const visiting = new Set<ContainerFile>();
  const visit = (container: ContainerFile): void => {
    if (order.includes(container) || visiting.has(container)) return;
    visiting.add(container);
    for (const assignment of container.assignments) {
      if (assignment.section !== "Unit" || !orders.has(assignment.key)) continue;
      for (const word of assignment.value.split(/\s+/)) {
        const other = byService.get(word) ?? byService.get(word.replace(/\.container$/, ".service"));
        const { place, key } = assignment;
        if (other !== undefined) {
          visit(other);
          report.add(
            "changed",
            place,
            `Unit.${key}`,
            "it becomes the order of the components: each starts when those before it are healthy",
          );
        } else if (!word.endsWith(".target"))
          report.add("left-out", place, `Unit.${key}`, `${word} is not imported with it`);
      }
    }
    order.push(container);
  };
  for (const container of containers) visit(container);
  return order;
}
