import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { eventually } from "./eventually.ts";
import { createTestPodman } from "./podman.ts";
import { staleRules } from "./podman-firewall.ts";

const listed = `
-P PREROUTING ACCEPT
-N NETAVARK-DN-0DF611D0B5963
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -s 10.76.16.0/24 -j NETAVARK-0DF611D0B5963
-A POSTROUTING -s 10.76.161.0/24 -j NETAVARK-D4710FA840AED
-A NETAVARK-0DF611D0B5963 -d 10.76.16.0/24 -j ACCEPT
-A NETAVARK-0DF611D0B5963 ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-DN-0DF611D0B5963 -s 10.76.16.0/24 -d 127.0.0.1/32 -p tcp -m tcp --dport 12476 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-0DF611D0B5963 -s 127.0.0.1/32 -d 127.0.0.1/32 -p tcp -m tcp --dport 12476 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-0DF611D0B5963 -d 127.0.0.1/32 -p tcp -m tcp --dport 12476 -j DNAT --to-destination 10.76.16.5:8080
-A NETAVARK-DN-D4710FA840AED -d 127.0.0.1/32 -p tcp -m tcp --dport 12476 -j DNAT --to-destination 10.76.161.5:8080
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 12476 -m comment --comment "dnat name: mcp-1 id: a\\"b" -j NETAVARK-DN-0DF611D0B5963
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 12476 -m comment --comment "dnat name: mcp-10 id: c" -j NETAVARK-DN-D4710FA840AED
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
`;

test("the rules of a universe are those of its subnets and of the ports forwarded to them", () => {
  const rules = staleRules(listed.split("\n"), ["10.76.16.", "10.76.17."]);
  assert.deepEqual(
    rules.map(([chain, ...rest]) => [chain, rest.find((word) => /^10\.|^127\.|^dnat/u.test(word))]),
    [
      ["POSTROUTING", "10.76.16.0/24"],
      ["NETAVARK-0DF611D0B5963", "10.76.16.0/24"],
      ["NETAVARK-DN-0DF611D0B5963", "10.76.16.0/24"],
      ["NETAVARK-DN-0DF611D0B5963", "127.0.0.1/32"],
      ["NETAVARK-DN-0DF611D0B5963", "127.0.0.1/32"],
      ["NETAVARK-HOSTPORT-DNAT", 'dnat name: mcp-1 id: a\\"b'],
    ],
  );
});

const numberOf = (directory: string): number => Number(directory.split("/").at(-1));

function addressIn(universe: number): string {
  const subnet = universe * 16;
  return `10.${76 + (subnet >> 8)}.${subnet & 255}.77`;
}

/** What podman leaves when it is killed between two of its rules: nobody listens behind the address. */
function leaveRules(universe: number): void {
  const forward = ["-p", "tcp", "-d", "127.0.0.1", "--dport", "61234", "-j", "DNAT"];
  iptables("nat", "-A", "OUTPUT", ...forward, "--to-destination", `${addressIn(universe)}:8080`);
  iptables("filter", "-A", "FORWARD", "-d", addressIn(universe), "-j", "ACCEPT");
}

function iptables(table: string, ...args: readonly string[]): string {
  return execFileSync("iptables", ["--wait", "--table", table, ...args], { encoding: "utf8" });
}

function rulesOf(universe: number): string[] {
  const rules = ["nat", "filter"].flatMap((table) => iptables(table, "-S").split("\n"));
  return rules.filter((rule) => rule.includes(addressIn(universe)));
}

test("rules that podman forgot go with its universe", async () => {
  const podman = await createTestPodman({ images: [] });
  const number = numberOf(podman.directory);
  leaveRules(number);
  assert.equal(rulesOf(number).length, 2);
  await podman[Symbol.asyncDispose]();
  assert.deepEqual(rulesOf(number), []);
});

test("rules of a universe whose process was killed go with the next claim of any", async () => {
  const owner = `import { createTestPodman } from ${JSON.stringify(import.meta.resolve("./podman.ts"))};
    console.log((await createTestPodman({ images: [] })).directory);
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", owner], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const number = numberOf(line.toString().trim());
  leaveRules(number);
  assert.equal(rulesOf(number).length, 2);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  await using _next = await createTestPodman({ images: [] });
  // Where another test's process came first, it is still clearing up.
  await eventually(() => assert.deepEqual(rulesOf(number), []));
});
