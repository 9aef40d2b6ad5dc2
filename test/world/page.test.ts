// The page in a real browser: two windows in two regions chat, and nothing is asked of the world outside.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { type Browser, chromium, type Page } from "playwright-core";
import { needing } from "../harness/needing.ts";
import { find } from "../harness/software.ts";
import { pidsOf, type Running, type StartedWorld, startWorld, temporaryFolder, whenGone } from "./command.ts";

const { test } = needing("chromium");
const folder = temporaryFolder();
/** Where pictures go for people to look at; nothing compares them. */
const pictures = join(import.meta.dirname, "..", "..", "tmp", "pictures");
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
let running: Running;
let world: StartedWorld;
let browser: Browser;
const asked: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  [{ running, world }, browser] = await Promise.all([
    startWorld(["--data", folder.path]),
    chromium.launch({
      executablePath: find("chromium") ?? "",
      args: [...flags, "--disable-component-update", "--disable-sync"],
    }),
  ]);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  running?.child.kill("SIGTERM");
  await running?.ended;
  await whenGone(world ? pidsOf(world) : [], 1000);
  folder.remove();
}, 60_000);

/** A window of its own, as another person has it. */
async function openWindow(query: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${world.page}${query}`);
  return page;
}

const chatOf = (page: Page) => page.frameLocator("#chat");

async function write(page: Page, text: string): Promise<void> {
  const field = chatOf(page).locator("textarea.chat-textarea").first();
  await field.fill(text);
  await field.press("Enter");
}

test("people of two regions chat, within a minute of the start", async () => {
  const alice = await openWindow("?region=us&account=alice");
  const carol = await openWindow("?region=eu&account=carol", { colorScheme: "dark" });
  await write(alice, "Good morning from Ashburn");
  await chatOf(carol).getByText("Good morning from Ashburn").first().waitFor();
  await write(carol, "Good afternoon from Frankfurt");
  await chatOf(alice).getByText("Good afternoon from Frankfurt").first().waitFor();
  // The picture of the world is alive: sessions are counted, links are up.
  await alice.getByText("3 of 3 links up · 2 sessions").waitFor();
  expect(await alice.locator("#map path[data-link].down").count()).toBe(0);
  await alice.screenshot({ path: join(pictures, "chat.png") });
  await carol.screenshot({ path: join(pictures, "chat-dark.png") });
  await alice.context().close();
  await carol.context().close();
}, 60_000);

test("the page shows every region with its people, on a desk and on a phone", async () => {
  const desk = await openWindow("");
  const phone = await openWindow("", { viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: "dark" });
  for (const [name, page] of Object.entries({ world: desk, "world-phone": phone })) {
    await page.locator("#map path[data-link]").first().waitFor({ state: "attached" });
    await page.getByText("of 3 links up").waitFor();
    expect(await page.locator(".people a").allTextContents()).toEqual([
      "Alice",
      "Bob",
      "Carol",
      "David",
      "Emma",
      "Finn",
    ]);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBe(0);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
    await page.context().close();
  }
}, 30_000);

test("a region that goes away is seen on the map", async () => {
  const page = await openWindow("");
  await page.getByText("3 of 3 links up").waitFor();
  const gone = world.regions.find(({ name }) => name === "ap");
  process.kill(gone?.nodes[0]?.pid ?? 0, "SIGKILL");
  await page.locator('#map path[data-link="us ap"].down').waitFor({ state: "attached" });
  await page.getByText("3 of 3 links up").waitFor();
  await page.context().close();
}, 40_000);

test("nothing was asked of anybody outside, and the browser had nothing to complain of", () => {
  const outside = asked.filter((url) => !/^(http|ws):\/\/127\.0\.0\.1:|^(data|blob):/.test(url));
  expect(asked.length).toBeGreaterThan(20);
  expect(outside).toEqual([]);
  // Whatever a region does not offer, the client says as an error: that is not the page's.
  const own = complaints.filter((text) => /Content Security|Failed to load|is not defined|Cannot read/.test(text));
  expect(own).toEqual([]);
});
