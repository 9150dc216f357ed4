import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connectionsOf, routeNumbers } from "./numbers.ts";
import { establishedTo } from "./processes/connections-of-process.ts";
import { parseVersion } from "./processes/program.ts";
import {
  parseCertificateList,
  parseFingerprint,
  parseInfo,
  parseMap,
  parseNewVersion,
  parseSessions,
} from "./runtime-output.ts";

/** As HAProxy 2.6.12 answered. */
const table = `# table: routes, type: string, size:20480, used:3
0x7f3c6c02c6f8: key=443|*.wild.test|127.0.0.1|3000 use=2 exp=86399000 conn_cnt=7 conn_cur=2 http_req_cnt=7 http_err_cnt=1 http_fail_cnt=2 bytes_in_cnt=100 bytes_out_cnt=900
0x7f3c6c02c7f8: key=443|*.wild.test|127.0.0.1|13000 use=1 exp=86399000 conn_cnt=3 conn_cur=1 http_req_cnt=3 http_err_cnt=0 http_fail_cnt=0 bytes_in_cnt=10 bytes_out_cnt=90
0x7f3c6c02c8f8: key=8443|one.test|127.0.0.1|3000 use=1 exp=86399000 conn_cnt=1 conn_cur=1 http_req_cnt=0 http_err_cnt=0 http_fail_cnt=0 bytes_in_cnt=5 bytes_out_cnt=6`;

suite("what HAProxy answers", () => {
  test("the process says its version, its number and its configuration", () => {
    const output =
      "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 7764\nUptime_sec: 12\ndescription: mc-proxy 0af1";
    assert.deepEqual(parseInfo(output), {
      ...{ version: "2.6.12-1+deb12u4", pid: 7764, uptimeSeconds: 12, description: "mc-proxy 0af1" },
    });
    assert.equal(parseInfo("Unknown command."), undefined);
    assert.equal(parseInfo(""), undefined);
  });

  test("entries of a map keep their order, and one that is there twice", () => {
    const output =
      "0x7f10d8043110 443|a.test l7|127.0.0.1|1|http1|0|0|0\n0x7f10d8043250 443|a.test l4|::1|2|raw|0|0|0\n\n";
    assert.deepEqual(parseMap(output), [
      ["443|a.test", "l7|127.0.0.1|1|http1|0|0|0"],
      ["443|a.test", "l4|::1|2|raw|0|0|0"],
    ]);
    assert.deepEqual(parseMap("Unknown map identifier. Please use #<id> or <file>."), []);
  });

  test("a new version of a map has a number, or there is none", () => {
    assert.equal(parseNewVersion("New version created: 17"), 17);
    assert.equal(parseNewVersion("Unknown map identifier."), undefined);
  });

  test("certificates are listed with their names, and known by their fingerprint", () => {
    const list = "# /run/x/certificates.list\n/run/x/a.pem a.test *.b.test\n/run/x/c.pem c.test\n";
    assert.deepEqual(parseCertificateList(list), [
      { path: "/run/x/a.pem", hostnames: ["a.test", "*.b.test"] },
      { path: "/run/x/c.pem", hostnames: ["c.test"] },
    ]);
    const shown =
      "Filename: /run/x/a.pem\nStatus: Used\nSHA1 FingerPrint: 9983EF9FF9EF56D93609A9287A79B1DAA5BD9040\n";
    assert.equal(parseFingerprint(shown), "9983EF9FF9EF56D93609A9287A79B1DAA5BD9040");
    assert.equal(
      parseFingerprint("Can't display the certificate: Not found or the certificate is a bundle!"),
      undefined,
    );
  });

  test("numbers of a route are the sum over its backends; those of a backend are over its routes", () => {
    assert.deepEqual(routeNumbers(table), [
      {
        ...{
          port: 443,
          hostname: "*.wild.test",
          connections: 3,
          total: 10,
          clientErrors: 1,
          serverErrors: 2,
        },
        ...{ bytesIn: 110, bytesOut: 990 },
      },
      {
        ...{ port: 8443, hostname: "one.test", connections: 1, total: 1, clientErrors: 0, serverErrors: 0 },
        ...{ bytesIn: 5, bytesOut: 6 },
      },
    ]);
    assert.equal(connectionsOf(table, { host: "127.0.0.1", port: 3000 }), 3);
    assert.equal(connectionsOf(table, { host: "27.0.0.1", port: 3000 }), 0);
  });

  test("sessions are those of the public ports", () => {
    const output =
      "# pxname,svname,qcur,qmax,scur,smax,\nport-443,FRONTEND,,,5,9,\ntls-443,FRONTEND,,,4,9,\nhttp1,BACKEND,0,0,3,9,\n";
    assert.equal(
      parseSessions(output, (name) => name.startsWith("port-")),
      5,
    );
  });

  test("versions are read as HAProxy 2.4 and older and newer print them", () => {
    assert.equal(
      parseVersion("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/"),
      "2.6.12-1+deb12u4",
    );
    assert.equal(parseVersion("HA-Proxy version 2.2.9-2+deb11u6 2023/12/22"), "2.2.9-2+deb11u6");
    assert.equal(parseVersion("HAProxy version 3.0-dev5-abc 2024/03/01"), "3.0-dev5-abc");
    assert.equal(parseVersion("nginx version: nginx/1.22.1"), undefined);
  });

  test("connections of a process are found in the kernel's tables, of IPv4 in either", () => {
    const head =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const row = (remote: string, state: string, inode: number): string =>
      `   0: 0100007F:1F90 ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 20 4 30 10 -1\n`;
    const ipv4 =
      head + row("0100007F:0BB8", "01", 11) + row("0100007F:0BB8", "06", 12) + row("0100007F:0BB9", "01", 13);
    assert.deepEqual(establishedTo(ipv4, { host: "127.0.0.1", port: 3000 }), ["11"]);
    const ipv6 = head + row("00000000000000000000000001000000:0BB8", "01", 21);
    assert.deepEqual(establishedTo(ipv6, { host: "::1", port: 3000 }), ["21"]);
    const mapped = head + row("0000000000000000FFFF00000100007F:0BB8", "01", 31);
    assert.deepEqual(establishedTo(mapped, { host: "127.0.0.1", port: 3000 }), ["31"]);
  });
});
