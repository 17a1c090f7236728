// A page that is not ready, or not looked at: what is pressed too early leads nowhere and
// keeps nobody from playing afterwards, and the tab's title tells what goes on.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE } from "./lib/browser.mjs";
import { join, play, state, until } from "./lib/game.mjs";

/** Holds back every answer for that path until the returned function is called; `asked` resolves
 * with the first request. */
async function hold(page, path) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  let noticed;
  const asked = new Promise((resolve) => (noticed = resolve));
  await page.route(path, async (route) => {
    noticed();
    await released;
    await route.continue();
  });
  return { asked, release };
}

/** Enter in the name's field, and a press of Play whatever its state. */
async function pressAll(page) {
  await page.focus("#name");
  await page.keyboard.press("Enter");
  const { x, y, width, height } = await page.locator("#play").boundingBox();
  await page.mouse.click(x + width / 2, y + height / 2);
}

for (const [device, screen] of [["a desktop", DESKTOP], ["a phone", PHONE]]) {
  browserTest(`on ${device}, Play that is pressed before the page is ready leaves it nowhere, and plays once it is`, {}, async (open) => {
    const player = await open(screen);
    const { page, address } = player;
    await page.addInitScript(() => localStorage.setItem("bolide.name", "Ada"));
    const code = await hold(page, "**/app.js");
    const modes = await hold(page, "**/api/v1/modes");
    const visited = [];
    page.on("framenavigated", (frame) => visited.push(frame.url()));

    // The document alone: nothing listens yet.
    await page.goto(`${address}/`, { waitUntil: "commit" });
    await code.asked;
    // The browser would hold an empty name back by itself.
    await page.fill("#name", "Ada");
    await pressAll(page);

    // The page, with a name that it remembers and no modes.
    code.release();
    await modes.asked;
    assert.equal(await page.inputValue("#name"), "Ada");
    await pressAll(page);

    // Whether or not the modes ever come.
    await until(page, "Play can be pressed", () => {
      const { disabled, textContent } = document.getElementById("play");
      return !disabled && textContent === "Play";
    });
    assert.deepEqual(visited, [`${address}/`]);
    await play(player);
    assert.equal((await state(page)).mode, "brawl");
    modes.release();
    // The arena is a step of its own at the same address.
    assert.deepEqual([...new Set(visited)], [`${address}/`]);
  });
}

browserTest("the title of a tab in which no frame is drawn tells the match, and the lost connection", { expected: /WebSocket/, options: ["--bots-wait-s", "1"] }, async (open) => {
  const player = await open(DESKTOP);
  const { page, network } = player;
  // As in a tab behind another one.
  await page.addInitScript(() => {
    window.requestAnimationFrame = () => 0;
    window.testTitles = [];
    new MutationObserver(() => window.testTitles.push(document.title)).observe(document, { subtree: true, childList: true });
  });
  await page.goto(`${player.address}/`);
  assert.equal(await page.title(), "Bolide");
  await join(player, "Ada", "?mode=duel");
  await until(page, "the match is over", () => / wins · Bolide$/.test(document.title), { timeoutMs: 240_000 });
  const titles = await page.evaluate(() => [...new Set(window.testTitles)]);
  for (const text of ["Waiting for players", "▶ 3", "▶ 1", "Fight!"]) assert.ok(titles.includes(`${text} · Bolide`), `${titles}`);
  await network.down();
  await until(page, "the title tells it", () => document.title === "Reconnecting · Bolide");
  await page.click("#give-up");
  await until(page, "the title is the page's again", () => document.title === "Bolide");
});
