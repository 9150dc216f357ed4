import { existsSync, globSync, readFileSync } from "node:fs";

/** Prints the paths of what the programs need to run, one a line: their sources, and the packages that are not for
 * development only. deploy/scripts/install-agent.sh copies them.
 *
 *   node scripts/program-files.ts */
const sources = [
  "{mcdsl,mcp,mcias,metacrypt,mc-proxy,mcns,mcr,metacircular,proto}/**/*.{ts,json}",
  "{mcdsl,mcr}/web/**/*.{css,js,svg}",
  "{docs,deploy}/**/*.{md,png,toml,service,timer}",
  "{deploy/scripts,scripts}/{install-agent.sh,setup-podman}",
  "bin/*",
  "{package,package-lock}.json",
  "{README.md,LICENSE,CHANGELOG.md}",
];
const isForTests = (path: string): boolean =>
  /\.test\.ts$|(^|\/)(test|fixtures|corpus|node_modules)\//u.test(path);

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const installed = Object.entries(packages)
  .filter(
    ([path, { dev, devOptional }]) => path.includes("node_modules/") && dev !== true && devOptional !== true,
  )
  .map(([path]) => path)
  // Those of other platforms are not there, and testkit and bench belong to the tests.
  .filter((path) => existsSync(path) && !/@metacircular\/(testkit|bench)$/u.test(path))
  // Packages inside packages come with those.
  .filter((path) => path.lastIndexOf("node_modules/") === 0 || !path.startsWith("node_modules/"));
const files = globSync(sources).filter((path) => !isForTests(path));
for (const path of [...files, "node_modules/.bin/node", ...installed].toSorted()) console.log(path);
