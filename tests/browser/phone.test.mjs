// A phone held upright: taps play the game, and everything a thumb needs is on the screen.

import assert from "node:assert/strict";
import { browserTest, PHONE, screenshot } from "./lib/browser.mjs";
import { join, playThrough, touchHand } from "./lib/game.mjs";

browserTest("taps walk, throw and blink", { timeoutMs: 420_000 }, async (open) => {
  const player = await open(PHONE);
  const { page } = player;
  await page.goto(player.address);
  await page.waitForSelector("#modes input[value=brawl]:checked", { state: "attached" });
  await screenshot(page, "phone start");
  await join(player, "Ada");
  await everythingFits(page);

  let liveliest = 0;
  const { shots, blinks } = await playThrough(page, touchHand(page), {
    async onFight({ self, fireballs, hurt }) {
      if (self === null || fireballs + hurt <= liveliest) return;
      liveliest = fireballs + hurt;
      await screenshot(page, "phone play");
    },
  });
  assert.ok(shots.length > 0 && blinks.length > 0);
  await page.waitForSelector("#result", { state: "visible" });
  await page.waitForTimeout(400);
  await screenshot(page, "phone result");
});

async function everythingFits(page) {
  const { width, height } = page.viewportSize();
  const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(scrolls, false, "the page does not scroll sideways");
  for (const selector of ["#canvas", "#fire", "#blink", "#talk", "#leave"]) {
    const box = await page.locator(selector).boundingBox();
    assert.ok(box !== null, `${selector} is there`);
    const inside = box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
    assert.ok(inside, `${selector} is on the screen: ${JSON.stringify(box)}`);
    if (selector === "#fire" || selector === "#blink")
      assert.ok(box.height >= 48, `${selector} is large enough for a thumb`);
  }
}
