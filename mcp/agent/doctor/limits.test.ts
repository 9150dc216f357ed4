import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeInotify, judgePressure, judgeShare, openFilesLimit } from "./limits.ts";

const limits = (
  soft: string,
): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             96246                96246                processes
Max open files            ${soft}                 524288               files
`;

test("the soft limit of open files counts", () => {
  assert.equal(openFilesLimit(limits("1024")), 1_024);
  assert.equal(openFilesLimit(limits("unlimited")), Infinity);
});

test("four fifths of a limit in use is a warning", () => {
  const remedy = "raise it";
  assert.equal(judgeShare("open files", { used: 800, most: 1_000, remedy }).severity, "ok");
  assert.equal(judgeShare("open files", { used: 801, most: 1_000, remedy }).found, "801 of 1000 are in use");
  assert.equal(judgeShare("open files", { used: 801, most: Infinity, remedy }).found, "801 are in use");
});

test("few inotify instances are a warning", () => {
  assert.equal(judgeInotify("128\n").severity, "ok");
  assert.match(judgeInotify("16\n").remedy, /^as root: sysctl -w fs\.inotify\.max_user_instances=/);
  assert.equal(judgeInotify("").severity, "unknown");
});

test("a node that waits for memory is told so", () => {
  const text = (share: string): string =>
    `some avg10=9.00 avg60=50.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=${share} avg300=0.00 total=1\n`;
  assert.equal(judgePressure(text("0.10")).severity, "ok");
  assert.match(judgePressure(text("23.50")).found, /23\.50 % of the last minute/);
  assert.equal(judgePressure("").severity, "unknown");
});
