// The large arena: the camera follows, the small map walks, and the zone is drawn where the server has it.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { field, join, state, toScreen, until, untilFight } from "./lib/game.mjs";

const ROYALE = { timeoutMs: 180_000, options: ["--bots-fill-to", "20", "--bots-wait-s", "1"] };

browserTest("royale begins with bots, and its zone closes around a camera that follows", ROYALE, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await join(player, "Ada", "?mode=royale");
  assert.equal((await state(page)).zone, null, "there is none before the fight");
  await untilFight(page);
  await until(page, "the zone is there", () => window.bolide.state().zone !== null);
  const { rules, zone } = await state(page);
  const corner = Math.hypot(rules.arena_width, rules.arena_height) / 2;
  assert.ok(Math.abs(zone.radius - corner) < 1e-6, "it begins at the corners");
  assert.equal(await page.locator("#players li").count(), 2, "a crowd is yourself and a number");

  const { self } = await field(page);
  const [left, right] = [await toScreen(page, 0, self.y), await toScreen(page, rules.arena_width, self.y)];
  const { width } = await page.locator("#canvas").boundingBox();
  const seen = (width / (right.x - left.x)) * rules.arena_width;
  assert.ok(seen > 4.5 && seen < 5.5, `about five units are seen at once, not ${seen}`);

  await page.mouse.click(...(await onMap(page, 1, 0.5)), { button: "right" });
  await until(page, "a click on the small map walks", walked, { arg: self });
  await screenshot(page, "desktop royale");

  await until(page, "the zone closes", (from) => window.bolide.state().zone.radius < from - 0.8, {
    arg: corner,
    timeoutMs: 60_000,
  });
  const { zone: closing, drawnTick, phaseEnds, tickRate, phase } = await state(page);
  // As docs/protocol.md has it. Whoever won by now has stopped the clock.
  if (phase === "fighting") {
    const foughtS = rules.time_limit_s - (phaseEnds - drawnTick) / tickRate;
    const share = (foughtS - rules.zone.waits_s) / rules.zone.closes_s;
    const expected = corner + (rules.zone.end_radius - corner) * share;
    assert.ok(Math.abs(closing.radius - expected) < 0.01, `${closing.radius} is not ${expected}`);
  }
  assert.ok(await burningAt(page, 0.02, 0.04), "the small map's corner burns");
});

browserTest("royale on a phone: everything is on the screen, and the view stays inside", ROYALE, async (open) => {
  const player = await open(PHONE);
  const { page } = player;
  await join(player, "Ada", "?mode=royale");
  await untilFight(page);
  const { self } = await field(page);
  const canvas = await page.locator("#canvas").boundingBox();
  const at = await toScreen(page, self.x, self.y);
  const [right, down] = [at.x - canvas.x, at.y - canvas.y];
  assert.ok(right > 0 && down > 0 && right < canvas.width && down < canvas.height, "you are in view");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  await page.touchscreen.tap(canvas.x + canvas.width / 2, canvas.y + canvas.height - 40);
  await until(page, "a tap walks", walked, { arg: self });
  await screenshot(page, "phone royale");
});

/** In the page: whether the own player has left the place, or the match. */
function walked({ x, y }) {
  const { players, seat } = window.bolide.state();
  const me = players.find((player) => player.id === seat);
  return me.life !== "alive" || Math.hypot(me.x - x, me.y - y) > 0.05;
}

/** A place of the small map in the window, by shares of the map. */
async function onMap(page, right, down) {
  const canvas = await page.locator("#canvas").boundingBox();
  const { map } = await state(page);
  return [canvas.x + map.left + (map.width - 2) * right + 1, canvas.y + map.top + (map.height - 2) * down + 1];
}

/** Whether the small map is painted red there. */
async function burningAt(page, right, down) {
  const [x, y] = await onMap(page, right, down);
  return page.evaluate(
    ([px, py]) => {
      const canvas = document.getElementById("canvas");
      const box = canvas.getBoundingClientRect();
      const density = canvas.width / box.width;
      const at = [(px - box.left) * density, (py - box.top) * density].map((value) => Math.round(value));
      const [red, green, blue] = canvas.getContext("2d").getImageData(...at, 1, 1).data;
      return red > green + 15 && red > blue + 15;
    },
    [x, y],
  );
}
