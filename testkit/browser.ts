import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ChromiumConnection, type ChromiumEvent, startChromium } from "./chromium-connection.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);
const pageWithinMs = 120_000;

/** A real Chromium with a profile of its own. */
export interface TestBrowser extends AsyncDisposable {
  /** Opens a tab with cookies of its own. */
  open(options?: TabOptions): Promise<Tab>;
}

export interface TabOptions {
  /** Default 1200. */
  readonly width?: number;
  /** Default 900. */
  readonly height?: number;
  /** Default light. */
  readonly theme?: "light" | "dark";
  /** Default true. */
  readonly scripts?: boolean;
}

export interface Tab extends AsyncDisposable {
  goto(url: string): Promise<void>;
  /** The value of an expression in the page, by JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Clicks with the mouse into the middle of the first element of that selector. */
  click(selector: string): Promise<void>;
  /** Clicks and waits for the page that comes. */
  follow(selector: string): Promise<void>;
  /** Types into a field in place of what is there. */
  fill(selector: string, text: string): Promise<void>;
  /** Presses a key: `Tab`, `Enter`, `/`. */
  press(key: string): Promise<void>;
  /** Does something and waits for the page that it leads to. */
  navigate(action: () => Promise<void>): Promise<void>;
  /** The whole page as a picture. */
  screenshot(file: string, fullPage?: boolean): Promise<void>;
  /** Roles and names as a screen reader is told of them. */
  accessibility(): Promise<readonly { readonly role: string; readonly name: string }[]>;
  setCookie(cookie: { name: string; value: string; url: string }): Promise<void>;
  cookies(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Errors of scripts, of the content policy, and dialogs that a page opened. */
  readonly problems: readonly string[];
}

/** @param caFile certificates of this authority are good */
export async function startBrowser(caFile: string): Promise<TestBrowser> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await createTemporaryDirectory());
  const certificates = join(home.path, ".pki", "nssdb");
  await mkdir(certificates, { recursive: true, mode: 0o700 });
  const store = `sql:${certificates}`;
  await run("certutil", ["-d", store, "-N", "--empty-password"]);
  await run("certutil", ["-d", store, "-A", "-t", "C,,", "-n", "platform", "-i", caFile]);
  const connection = stack.use(
    await startChromium(
      [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        `--user-data-dir=${join(home.path, "profile")}`,
      ],
      { ...process.env, HOME: home.path },
    ),
  );
  const owned = stack.move();
  return {
    open: (options = {}) => openTab(connection, options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openTab(connection: ChromiumConnection, options: TabOptions): Promise<Tab> {
  const { width = 1200, height = 900, theme = "light", scripts = true } = options;
  const { browserContextId } = await connection.send("Target.createBrowserContext");
  const { targetId } = await connection.send("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await connection.send("Target.attachToTarget", { targetId, flatten: true });
  const session = String(sessionId);
  const send = (method: string, params: Readonly<Record<string, unknown>> = {}) =>
    connection.send(method, params, session);
  const problems: string[] = [];
  const stop = connection.onEvent((event) => {
    if (event.sessionId !== session) return;
    const problem = problemIn(event);
    if (problem !== undefined) problems.push(problem);
    if (event.method === "Page.javascriptDialogOpening") {
      void send("Page.handleJavaScriptDialog", { accept: false }).catch(() => undefined);
    }
  });
  for (const domain of ["Page", "Runtime", "Log", "Network", "Accessibility"]) await send(`${domain}.enable`);
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }] });
  await send("Emulation.setScriptExecutionDisabled", { value: !scripts });

  async function evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: Value }).value;
  }

  async function navigate(action: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const late = setTimeout(() => reject(new Error("no page came")), pageWithinMs);
    let hasCome = false;
    const forget = connection.onEvent(({ sessionId: of, method, params }) => {
      if (of !== session) return;
      if (method === "Page.frameNavigated") hasCome ||= isMainFrame(params);
      // That of the page before may come late.
      if (method === "Page.loadEventFired" && hasCome) resolve(undefined);
    });
    try {
      await action();
      await promise;
    } finally {
      clearTimeout(late);
      forget();
    }
  }

  async function click(selector: string): Promise<void> {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    const place = await evaluate<{ x: number; y: number } | undefined>(
      `(() => { const e = ${element}; if (e === null) return undefined; e.scrollIntoView({ block: "center" });
        const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 }; })()`,
    );
    if (place === undefined) throw new Error(`there is no ${selector}`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await send("Input.dispatchMouseEvent", { type, ...place, button: "left", clickCount: 1 });
    }
  }

  const tab: Tab = {
    problems,
    evaluate,
    click,
    navigate,
    goto: (url) => navigate(async () => void (await send("Page.navigate", { url }))),
    follow: (selector) => navigate(() => click(selector)),
    async fill(selector, text) {
      await evaluate(
        `(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.select(); })()`,
      );
      await send("Input.insertText", { text });
    },
    async press(key) {
      const code = { Enter: 13, Tab: 9 }[key];
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      const event = {
        key,
        ...(code !== undefined && { windowsVirtualKeyCode: code }),
        ...(text && { text }),
      };
      await send("Input.dispatchKeyEvent", { type: text === undefined ? "rawKeyDown" : "keyDown", ...event });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async screenshot(file, fullPage = true) {
      const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: fullPage });
      await writeFile(file, Buffer.from(String(data), "base64"));
    },
    async accessibility() {
      const { nodes } = await send("Accessibility.getFullAXTree");
      const text = (value: { value?: string } | undefined): string => value?.value ?? "";
      return (nodes as { ignored: boolean; role?: { value?: string }; name?: { value?: string } }[])
        .filter(({ ignored }) => !ignored)
        .map(({ role, name }) => ({ role: text(role), name: text(name) }));
    },
    setCookie: async (cookie) =>
      void (await send("Network.setCookie", { ...cookie, secure: true, path: "/" })),
    async cookies() {
      const { cookies } = await send("Network.getCookies");
      return cookies as readonly Readonly<Record<string, unknown>>[];
    },
    async [Symbol.asyncDispose]() {
      stop();
      await connection.send("Target.disposeBrowserContext", { browserContextId });
    },
  };
  return tab;
}

function isMainFrame(params: ChromiumEvent["params"]): boolean {
  return (params["frame"] as { parentId?: string }).parentId === undefined;
}

function problemIn({ method, params }: ChromiumEvent): string | undefined {
  if (method === "Page.javascriptDialogOpening") return `dialog: ${JSON.stringify(params)}`;
  if (method === "Runtime.exceptionThrown") return `exception: ${JSON.stringify(params)}`;
  if (method !== "Log.entryAdded") return undefined;
  const { level, text, source } = params["entry"] as { level: string; text: string; source: string };
  return level === "error" && source !== "network" ? `${source}: ${text}` : undefined;
}
