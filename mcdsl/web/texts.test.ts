import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOf, pager } from "./pager.ts";
import { timeAgo, timeElement } from "./time-text.ts";

test("times are told as people would", () => {
  const table: readonly (readonly [number, string])[] = [
    [0, "just now"],
    [-5_000, "just now"],
    [60_000, "1 minute ago"],
    [7_300_000, "2 hours ago"],
    [86_400_000 * 3, "3 days ago"],
    [86_400_000 * 800, "2 years ago"],
  ];
  for (const [passedMs, text] of table) assert.equal(timeAgo(1e12 - passedMs, 1e12), text);
  assert.match(timeElement(0, 1e12).toString(), /never/);
  assert.match(timeElement(1e12, 1e12).toString(), /datetime="2001-09-09T01:46:40\.000Z"/);
});

test("a page is one that there is, and links to those beside it with what was asked", () => {
  const list = Array.from({ length: 101 }, (_, index) => index);
  assert.deepEqual(pageOf(list, 3, 50), { items: [100], number: 3, pages: 3, total: 101 });
  for (const number of [0, -1, Number.NaN, 1.5]) assert.equal(pageOf(list, number, 50).number, 1);
  assert.equal(pageOf(list, 99, 50).number, 3);
  assert.deepEqual(pageOf([], 1, 50), { items: [], number: 1, pages: 1, total: 0 });
  const links = pager(pageOf(list, 2, 50), "/", new URLSearchParams({ q: 'a&"b' })).toString();
  assert.match(links, /href="\/\?q=a%26%22b&amp;page=1"[\s\S]*Page 2 of 3[\s\S]*page=3"/);
  assert.equal(pager(pageOf([1], 1, 50), "/", new URLSearchParams()).toString(), "");
});
