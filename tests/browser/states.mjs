// A picture of each state of the page, on a desktop and on a phone held upright and on its side, to
// be looked at: `SCREENSHOTS=folder npm run states`. It needs BOLIDE_BIN. With AXE, the path of
// axe-core's script, each state is also looked at by that; serious findings fail.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { field, join, leave, mouseHand, nearest, openStart, play, settled, state, touchHand, until, untilFight } from "./lib/game.mjs";

const { width, height } = PHONE.viewport;
const DEVICES = {
  desktop: { screen: DESKTOP, views: { desktop: DESKTOP.viewport }, handOf: mouseHand },
  phone: { screen: PHONE, views: { upright: PHONE.viewport, side: { width: height, height: width } }, handOf: touchHand },
};
const AXE = process.env.AXE ? await readFile(process.env.AXE, "utf8") : null;
/** Chromium's message about a socket that is cut. */
const LOST = /WebSocket/;
/** For a match that ends when it ends. */
const MATCH_MS = 240_000;

const says = (page, id, text) =>
  until(page, `#${id} says ${text}`, ([where, what]) => document.getElementById(where).textContent.includes(what), { arg: [id, text], timeoutMs: MATCH_MS });

const untilOut = (page) =>
  until(page, "the own player is out", () => {
    const { players, seat } = window.bolide.state();
    return players.find(({ id }) => id === seat)?.life === "dead";
  }, { timeoutMs: MATCH_MS });

/** In the page, before anything else: while `bolide.sockets` says so, its sockets are silent, or
 * reach nobody. */
function holdSockets() {
  const Native = window.WebSocket;
  window.WebSocket = class {
    constructor(...args) {
      const held = sessionStorage.getItem("bolide.sockets");
      if (held === null) return new Native(...args);
      if (held === "refused") setTimeout(() => this.onclose({ code: 1006, reason: "" }));
    }
    close() {}
  };
}

const sockets = ({ page }, held) =>
  page.evaluate((value) => (value === null ? sessionStorage.removeItem("bolide.sockets") : sessionStorage.setItem("bolide.sockets", value)), held);

/** Throws at the nearest one until the match is over. */
async function win({ page }, hand) {
  for (;;) {
    const now = await field(page);
    if (now.phase === "over") return;
    if (now.phase === "fighting" && now.ready.shoot && now.self !== null && now.enemies.length > 0) await hand(page).shoot(nearest(now).screen);
    await page.waitForTimeout(100);
  }
}

for (const [device, { screen, views, handOf }] of Object.entries(DEVICES)) {
  /** Pictures first, because some states pass by; then what axe finds serious. */
  const look = async ({ page }, name) => {
    for (const [view, size] of Object.entries(views)) {
      await shownAt(page, size);
      await screenshot(page, `${name} ${view}`);
    }
    if (AXE !== null)
      for (const [view, size] of Object.entries(views)) {
        await shownAt(page, size);
        await audit(page, `${view} ${name}`);
      }
    await shownAt(page, screen.viewport);
  };

  browserTest(`${device}: the start, refusals, a join that takes long, and ways to leave`, { expected: LOST, options: ["--bots-fill-to", "0"] }, async (open) => {
    const player = await open(screen);
    const { page } = player;
    await page.addInitScript(holdSockets);
    await openStart(player, "", "?code=AAAAAA");
    await page.waitForSelector("#play:enabled");
    await look(player, "start with a code");
    await page.fill("#name", "Ada");
    await page.click("#play");
    await says(page, "join-error", "No room has that code");
    await look(player, "start refused");
    await page.click("label:has(input[name=which-room][value=private])");
    await look(player, "start private");
    await openStart(player, "Ada", "?mode=brawl");
    await page.waitForSelector("#play:enabled");
    await look(player, "start");
    await sockets(player, "silent");
    await page.click("#play");
    await says(page, "play", "Joining…");
    await look(player, "joining");
    await sockets(player, null);
    await join(player, "Ada", "?mode=brawl");
    await says(page, "notice", "Waiting for players");
    await look(player, "waiting");
    await page.click("#talk:visible, #chat-line:visible");
    await page.keyboard.type("Is anybody here?");
    await look(player, "chat");
    await page.keyboard.press("Enter");
    await sockets(player, "refused");
    await page.reload();
    await says(page, "lost-why", "Your seat is kept for 2");
    await look(player, "seat kept after a reload");
    await sockets(player, null);
    await page.click("#retry");
    await says(page, "notice", "Waiting for players");
    await page.goBack();
    await page.waitForSelector("#take-back", { state: "visible" });
    await look(player, "went back");
    await page.goForward();
    await says(page, "notice", "Waiting for players");
    await leave(player);
    await page.waitForSelector("#play:enabled");
    await look(player, "left");
  });

  browserTest(`${device}: a match with bots from its beginning to its result, and somebody who watches it`, { options: ["--bots-wait-s", "2", "--bots-fill-to", "8"] }, async (open) => {
    const [player, guest] = [await open(screen), await open(screen)];
    const { page } = player;
    await join(player, "Ada", "?mode=brawl");
    const { room } = await state(page);
    await openStart(guest, "Grace", `?room=${room}`);
    await until(page, "it counts down", () => window.bolide.state().phase === "countdown" && !document.getElementById("count").hidden);
    await look(player, "countdown");
    await untilFight(page);
    await page.waitForTimeout(1_000);
    await look(player, "fight");
    await play(guest);
    await says(guest.page, "notice", "You watch");
    await look(guest, "watching");
    await untilOut(page);
    await page.waitForTimeout(500);
    await look(player, "out");
    await page.waitForSelector("#result", { state: "visible", timeout: MATCH_MS });
    await look(player, "result");
  });

  browserTest(`${device}: a private room, a lost connection, a lost server, and a result with a vote`, { expected: LOST, options: ["--bots-fill-to", "0"] }, async (open, server) => {
    const [ada, bob] = [await open(screen), await open(screen)];
    await openStart(ada, "Ada", "?mode=duel");
    await ada.page.click("label:has(input[name=which-room][value=private])");
    await play(ada);
    await says(ada.page, "notice", "Waiting for players");
    await look(ada, "private waiting");
    await join(bob, "Ada", `?code=${await ada.page.textContent("#room-code")}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    await look(ada, "private fight");
    await bob.page.click("#leave");
    await bob.page.waitForSelector("#ask", { state: "visible" });
    await look(bob, "leave asks");
    await bob.page.click("#stay");
    await bob.network.down();
    await bob.page.waitForSelector("#lost", { state: "visible" });
    await says(ada.page, "players", "away");
    await look(bob, "reconnecting");
    await look(ada, "the other one is away");
    await server.kill();
    await server.startAgain();
    await says(ada.page, "notice", "Waiting for Ada 2");
    await look(ada, "paused");
    await bob.network.up();
    for (const { page } of [ada, bob]) await page.waitForSelector("#lost", { state: "hidden" });
    await win(ada, handOf);
    for (const { page } of [ada, bob]) await page.waitForSelector("#result", { state: "visible" });
    await ada.page.click("#rematch");
    await says(bob.page, "result-next", "ready");
    await look(bob, "result with a vote");
    await look(ada, "result voted");
  });

  browserTest(`${device}: somebody who sleeps through a match`, { options: ["--intermission-s", "2", "--bots-wait-s", "1"] }, async (open) => {
    const player = await open(screen);
    await join(player, "Ada", "?mode=duel");
    await says(player.page, "notice", "Still there?");
    await says(player.page, "phase", "Waiting");
    await look(player, "idle");
  });

  browserTest(`${device}: out in the fog, with the eyes of the killer, and the result of the many`, { options: ["--bots-fill-to", "20", "--bots-wait-s", "1"] }, async (open) => {
    const player = await open(screen);
    const { page } = player;
    await join(player, "Ada", "?mode=royale");
    await untilFight(page);
    await page.waitForTimeout(1_000);
    await look(player, "royale");
    await untilOut(page);
    await until(page, "it watches somebody", () => /You watch .+\./.test(document.getElementById("notice").textContent), { timeoutMs: MATCH_MS });
    await page.waitForTimeout(1_000);
    await look(player, "royale out");
    await page.waitForSelector("#result", { state: "visible", timeout: MATCH_MS });
    assert.doesNotMatch(await page.textContent("#players"), /unseen/i);
    await look(player, "royale result");
  });
}

/** The window has that size, and everything is where it belongs then. */
async function shownAt(page, size) {
  await page.setViewportSize(size);
  await settled(page);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

async function audit(page, name) {
  // The page's own policy would refuse it as a script.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document);
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 80)).join(" | ")}`);
  });
  for (const finding of found) console.log(`${name}: ${finding}`);
  assert.deepEqual(found.filter((finding) => /^(serious|critical)/.test(finding)), [], name);
}
