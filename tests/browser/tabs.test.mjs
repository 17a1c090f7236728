// A tab that is duplicated: the browser copies its storage, and each of the two plays a seat of its
// own.

import assert from "node:assert/strict";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { join, play, state, until } from "./lib/game.mjs";

/** In the page, before anything else: whether the tab began with a seat. */
const lookForSeat = () => {
  window.testHasSeat = Object.keys(sessionStorage).some((key) => key.startsWith("bolide.seat"));
};

/** Opens the same address in a tab that the browser makes as a copy of this one. */
async function duplicate({ context, page }) {
  const [copy] = await Promise.all([context.waitForEvent("page"), page.evaluate(() => void window.open(location.href))]);
  return copy;
}

const back = (page) => until(page, "the tab is in a room again", () => window.bolide?.state().roster.length > 0);

browserTest("a duplicated tab takes a seat of its own, and the first one keeps its seat, whatever ends it", { options: ["--bots-fill-to", "0"] }, async (open) => {
  const player = await open(DESKTOP);
  const { page, context } = player;
  await context.addInitScript(lookForSeat);
  await join(player, "Ada");
  const { seat, room } = await state(page);

  const copy = await duplicate(player);
  await copy.waitForSelector("#play:enabled");
  assert.ok(await copy.evaluate(() => window.testHasSeat), "the browser copied the seat");
  assert.ok(await copy.isHidden("#arena"));
  await play({ page: copy });
  const own = await state(copy);
  assert.equal(own.room, room);
  assert.notEqual(own.seat, seat);

  // The first one has noticed nothing, and each finds its own seat after a reload.
  assert.ok(await page.isHidden("#lost"));
  assert.ok(await page.isVisible("#arena"));
  for (const [tab, expected] of [[page, seat], [copy, own.seat], [page, seat]]) {
    await tab.reload();
    await back(tab);
    assert.equal((await state(tab)).seat, expected);
  }

  // Nor is one lost that ends without a word, as by a crash, while the other still plays.
  await page.evaluate(() => addEventListener("pagehide", (event) => event.stopImmediatePropagation(), { capture: true }));
  await page.reload();
  await back(page);
  assert.equal((await state(page)).seat, seat);
  assert.equal((await state(copy)).seat, own.seat);
});
