import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { attribute, escapeHtml, html, type Html } from "./html.ts";

const seed = fc.string({
  unit: fc.constantFrom(..."<>\"'&=/ `;-!ax0\0\n".split(""), "javascript:", "onload="),
});

describe("a template", () => {
  test("escapes every text, in text and in attributes", () => {
    const hostile = `"><img src=x onerror='alert(1)'>&`;
    const markup = String(html`<p title="${hostile}">${hostile}</p>`);
    const escaped = "&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;";
    assert.equal(markup, `<p title="${escaped}">${escaped}</p>`);
  });

  test("has the same structure whatever it is given", () => {
    const structure = (text: string): string =>
      String(html`<a href="/x?q=${text}" ${attribute("title", text)}>${text}<b>${[text, text]}</b></a>`)
        .replaceAll(/"[^"]*"/g, '""')
        .replaceAll(/>[^<>]*</g, "><");
    const expected = structure("plain");
    fc.assert(fc.property(seed, (text) => structure(text) === expected));
  });

  test("gives back the text that it was given, but for the character that HTML cannot have", () => {
    const decode = (markup: string): string =>
      markup
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&#96;", "`")
        .replaceAll("&amp;", "&");
    fc.assert(fc.property(seed, (text) => decode(escapeHtml(text)) === text.replaceAll("\0", "\uFFFD")));
  });

  test("leaves markup of other templates, and lists of it, as it is", () => {
    const items = ["a", "<b>"].map((name) => html`<li>${name}</li>`);
    assert.equal(String(html`<p>${items}</p>`), "<p><li>a</li><li>&lt;b&gt;</li></p>");
    assert.equal(String(html`${undefined}${false}${0}`), "0");
  });

  test("takes only addresses that cannot run anything", () => {
    const link = (address: string): string => String(html`<a href="${address}">x</a>`);
    for (const bad of [
      "javascript:alert(1)",
      " javascript:x",
      "data:text/html,x",
      "//evil.example",
      "/\\evil",
      "http://x",
    ]) {
      assert.equal(link(bad), '<a href="#">x</a>', bad);
    }
    for (const good of ["/r/a?b", "#top", "?page=2", "https://example.com/"]) {
      assert.equal(link(good), `<a href="${good}">x</a>`);
    }
  });

  test("refuses values where none can be made safe", () => {
    const value = "x";
    const template = (...parts: string[]) => html(Object.assign(parts, { raw: parts }), value);
    const refused: Readonly<Record<string, () => Html>> = {
      "name of a tag": () => template("<", ">"),
      "attribute without quotes": () => template("<a title=", ">"),
      "attribute in single quotes": () => template("<a title='", "'>"),
      "attribute whose name differs": () => template("<a ", '="x">'),
      "text between attributes": () => template("<a ", ">"),
      "event handler": () => template('<a onclick="', '">'),
      style: () => template('<a style="', '">'),
      script: () => template("<script>", "</script>"),
      "middle of a script": () => template("<script>let a = ", "</script>"),
      "style sheet": () => template("<style>", "</style>"),
      comment: () => template("<!-- ", " -->"),
      "tag that does not end": () => template('<a title="', '"'),
      "markup in an attribute": () => html`<a title="${html`<b>x</b>`}"></a>`,
      "attribute in a text": () => html`<p>${attribute("title", value)}</p>`,
    };
    for (const [where, render] of Object.entries(refused)) assert.throws(render, TypeError, where);
  });

  test("has attributes that are there or not", () => {
    assert.equal(
      String(html`<input${attribute("checked", true)}${attribute("min", 0)}${attribute("max", undefined)}>`),
      '<input checked="" min="0">',
    );
    assert.throws(() => attribute("onload", "x"), TypeError);
    assert.throws(() => attribute("href", "x"), TypeError);
  });
});
