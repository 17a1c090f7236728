// A picture of each state of the page, on a desktop and on a phone, to be looked at: `SCREENSHOTS=folder npm run states`. It
// needs BOLIDE_BIN. With AXE, the path of axe-core's script, each state is also looked at by that; serious findings fail.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { browserTest, PHONE, screenshot } from "./lib/browser.mjs";
import { join, openStart, play, rematch, settled, state, until, untilFight } from "./lib/game.mjs";

const SCREENS = { desktop: { viewport: { width: 1280, height: 800 } }, phone: PHONE };
const AXE = process.env.AXE ? await readFile(process.env.AXE, "utf8") : null;
/** What Chromium says of a socket that is cut. */
const LOST = /WebSocket/;

/** A picture, and what axe finds serious. */
async function look({ page }, device, name) {
  await settled(page);
  await screenshot(page, `${device} ${name}`);
  if (AXE === null) return;
  // The page's own policy would refuse it as a script.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document);
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 80)).join(" | ")}`);
  });
  for (const finding of found) console.log(`${device} ${name}: ${finding}`);
  assert.deepEqual(found.filter((finding) => /^(serious|critical)/.test(finding)), [], name);
}

const untilOut = (page) =>
  until(page, "the own player is out", () => {
    const { players, seat } = window.bolide.state();
    return players.find(({ id }) => id === seat)?.life === "dead";
  }, { timeoutMs: 240_000 });

const says = (page, id, text) =>
  until(page, `#${id} says ${text}`, ([where, what]) => document.getElementById(where).textContent.includes(what), { arg: [id, text], timeoutMs: 240_000 });

for (const [device, screen] of Object.entries(SCREENS)) {
  browserTest(`${device}: the start, a refusal, and a match with bots from its beginning to the next`, { options: ["--bots-wait-s", "2"] }, async (open) => {
    const player = await open(screen);
    const { page } = player;
    await openStart(player, "Ada", "?code=AAAAAA");
    await page.waitForSelector("#play:enabled");
    await look(player, device, "start with a code");
    await page.click("#play");
    await says(page, "join-error", "No room has that code");
    await look(player, device, "refused");
    await openStart(player, "Ada", "?mode=brawl");
    await page.waitForSelector("#play:enabled");
    await look(player, device, "start");
    await play(player);
    await until(page, "it waits", () => window.bolide.state().tick > 5);
    await look(player, device, "waiting");
    await until(page, "it counts down", () => window.bolide.state().phase === "countdown" && !document.getElementById("count").hidden);
    await look(player, device, "countdown");
    await untilFight(page);
    await page.waitForTimeout(1_500);
    await look(player, device, "fight");
    await untilOut(page);
    await says(page, "notice", "You are out");
    await page.waitForTimeout(500);
    await look(player, device, "out");
    await page.waitForSelector("#result", { state: "visible", timeout: 240_000 });
    await look(player, device, "result");
    // Nothing was said in the match, and what is pressed wakes: the server is asked by nobody.
    await page.click("#rematch");
    await untilFight(page);
    await look(player, device, "second fight");
  });

  browserTest(`${device}: a private room, its result with a vote, and a lost connection`, { expected: LOST }, async (open) => {
    const [ada, bob] = [await open(screen), await open(screen)];
    await openStart(ada, "Ada", "?mode=duel");
    await ada.page.click("label:has(input[name=which-room][value=private])");
    await look(ada, device, "start private");
    await play(ada);
    await says(ada.page, "notice", "Waiting for players");
    await look(ada, device, "private waiting");
    await join(bob, "Ada", `?code=${await ada.page.textContent("#room-code")}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    await bob.network.down();
    await bob.page.waitForSelector("#lost", { state: "visible" });
    await says(ada.page, "players", "away");
    await look(bob, device, "reconnecting");
    await look(ada, device, "the other one is away");
    await bob.network.up();
    await bob.page.waitForSelector("#lost", { state: "hidden" });
    await bob.page.click("#leave");
    await bob.page.waitForSelector("#ask", { state: "visible" });
    await look(bob, device, "leave");
    await bob.page.click("#stay");
    await until(ada.page, "the time is up", () => window.bolide.state().phase === "over", { timeoutMs: 240_000 });
    for (const { page } of [ada, bob]) await page.waitForSelector("#result", { state: "visible" });
    await ada.page.click("#rematch");
    await says(bob.page, "result-next", "ready");
    await look(bob, device, "result with a vote");
  });

  browserTest(`${device}: somebody who sleeps through a match`, { options: ["--intermission-s", "2", "--bots-wait-s", "1"] }, async (open) => {
    const player = await open(screen);
    await join(player, "Ada", "?mode=duel");
    await says(player.page, "notice", "Still there?");
    await look(player, device, "idle");
  });

  browserTest(`${device}: out in the fog, with the eyes of the killer, and the result of the many`, { options: ["--bots-fill-to", "20", "--bots-wait-s", "1"] }, async (open) => {
    const player = await open(screen);
    const { page } = player;
    await join(player, "Ada", "?mode=royale");
    await untilFight(page);
    await page.waitForTimeout(1_000);
    await look(player, device, "royale");
    await untilOut(page);
    await until(page, "it watches somebody", () => /You watch .+\./.test(document.getElementById("notice").textContent), { timeoutMs: 240_000 });
    await page.waitForTimeout(1_000);
    await look(player, device, "royale out");
    await page.waitForSelector("#result", { state: "visible", timeout: 240_000 });
    assert.doesNotMatch(await page.textContent("#players"), /unseen/i);
    await look(player, device, "royale result");
    await rematch(page);
    assert.equal((await state(page)).match.number, 2);
  });
}
