// A browser with a fresh profile for each player, and what was on screen when a test fails.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { WAIT_MS } from "./game.mjs";
import { openNetwork } from "./network.mjs";
import { startServer } from "./server.mjs";

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESKTOP = { viewport: { width: 1280, height: 720 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Only for what hangs: each wait of a test has a limit of its own, and its failure says what was
 * waited for. */
const TEST_MS = 900_000;

/**
 * Runs `body` with `open(screen)` for as many players as it wants, each with a network of its own,
 * and with the server; cleans up whatever happens. A page must report no error, but for those that
 * `expected` matches. `options`: for the server's command line.
 */
export function browserTest(name, { expected = /^$/, options = [] }, body) {
  test(name, { timeout: TEST_MS }, async (t) => {
    const server = await startServer(options);
    const players = [];
    const open = async (screen) => {
      const player = await launch(screen, server.address);
      players.push(player);
      return player;
    };
    try {
      await body(open, server);
    } catch (error) {
      const say = (text) => text.split("\n").forEach((line) => t.diagnostic(line));
      for (const [index, player] of players.entries()) say(await onScreen(player, `${name} ${index + 1}`));
      say(`the server said:\n${server.output()}`);
      throw error;
    } finally {
      for (const player of players) await player.close();
      await server.stop();
    }
    for (const { errors } of players) {
      const unexpected = errors.filter((error) => !expected.test(error));
      if (unexpected.length > 0) throw new Error(`the page reported errors:\n${unexpected.join("\n")}`);
    }
  });
}

async function launch(screen, address) {
  const network = await openNetwork(address);
  const profile = await mkdtemp(join(tmpdir(), "bolide-profile-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ARGS,
    ...screen,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(WAIT_MS);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  const close = async () => {
    await context.close();
    await network.down();
    await rm(profile, { recursive: true, force: true });
  };
  return { address: network.address, network, context, page, errors, close };
}

/** A picture for people, if SCREENSHOTS names a folder; what moves into its place is there. */
export async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`);
  await page.screenshot({ path, animations: "disabled" });
}

async function onScreen({ page, errors }, name) {
  try {
    await screenshot(page, `failed ${name}`);
    const text = await page.evaluate(() => document.body.innerText);
    const state = await page.evaluate(() => JSON.stringify(window.bolide?.state() ?? null));
    return `on screen (${name}):\n${text}\nstate: ${state}\nerrors: ${errors.join("\n")}`;
  } catch (error) {
    return `nothing on screen (${name}): ${error.message}`;
  }
}
