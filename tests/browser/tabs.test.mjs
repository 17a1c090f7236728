// Several tabs of one browser. One that is duplicated has a copy of the storage, and plays a seat
// of its own; a seat that another tab took is taken back.

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

browserTest("a seat that is played from elsewhere now is taken back, and then taken back again", { options: ["--bots-fill-to", "0"] }, async (open) => {
  const player = await open(DESKTOP);
  const { page, context } = player;
  await join(player, "Ada");
  const { seat, room } = await state(page);
  const stored = await page.evaluate(() => Object.entries(sessionStorage));
  const other = await context.newPage();
  // As if the first one had said that it leaves.
  await other.addInitScript((entries) => {
    if (Object.keys(sessionStorage).length > 0) return;
    for (const [key, value] of entries) sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(value), left: true }));
  }, stored);
  await other.goto(page.url());
  await back(other);
  for (const [lost, holder] of [[page, other], [other, page]]) {
    await lost.waitForSelector("#take-back", { state: "visible" });
    assert.match(await lost.textContent("#join-error"), /another connection/);
    assert.ok(await lost.isEnabled("#play"));
    await lost.click("#take-back");
    await back(lost);
    const now = await state(lost);
    assert.deepEqual([now.seat, now.room], [seat, room]);
    await holder.waitForSelector("#take-back", { state: "visible" });
  }
  // Whoever plays anew instead is offered it no more.
  await play({ page });
  await page.click("#leave");
  await page.waitForSelector("#play:enabled");
  assert.ok(await page.isHidden("#take-back"));
});
