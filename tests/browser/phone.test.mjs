// A phone held upright and sideways: taps play the game, and everything a thumb needs is on the
// screen.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { field, join, playThrough, settled, state, toScreen, touchHand, until, untilFight } from "./lib/game.mjs";

browserTest("taps walk, throw and blink", {}, async (open) => {
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
    const { width: wide, height: high } = await page.evaluate(reach, selector);
    if (selector !== "#canvas") assert.ok(Math.min(wide, high) >= 44, `${selector} has ${wide} x ${high} for a thumb`);
  }
}

/** Everybody's health is on the screen. */
async function listFits(page, players) {
  const { width, height } = page.viewportSize();
  const pips = page.locator("#players .pips");
  assert.equal(await pips.count(), players);
  for (const one of await pips.all()) {
    const box = await one.boundingBox();
    assert.ok(box !== null && box.y > 0 && box.x + box.width <= width && box.y + box.height <= height, JSON.stringify(box));
  }
}

/** In the page: how wide and how high what a tap finds is, which may be more than is seen. */
function reach(selector) {
  const element = document.querySelector(selector);
  const { left, top, width, height } = element.getBoundingClientRect();
  const hits = (x, y) => element.contains(document.elementFromPoint(x, y));
  const count = (size, at) => Array.from({ length: size }, (_, pixel) => at(pixel + 0.5)).filter(Boolean).length;
  return {
    width: count(innerWidth, (x) => hits(x, top + height / 2)),
    height: count(innerHeight, (y) => hits(left + width / 2, y)),
  };
}

/** Returns where the arena is drawn, in CSS pixels of the window. */
async function drawn(page) {
  const { rules } = await state(page);
  const [a, b] = [await toScreen(page, 0, 0), await toScreen(page, rules.arena_width, rules.arena_height)];
  return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/** Taps a place given as shares of the drawn arena, and waits until the own body is painted
 * there. */
async function walksTo(page, right, down) {
  const { left, top, width, height } = await drawn(page);
  const at = { x: left + width * right, y: top + height * down };
  await page.touchscreen.tap(at.x, at.y);
  await until(
    page,
    `the player comes to where the tap was, ${right} of the way right and ${down} down`,
    ([x, y]) => {
      const canvas = document.getElementById("canvas");
      const box = canvas.getBoundingClientRect();
      const density = canvas.width / box.width;
      const [px, py] = [(x - box.left) * density, (y - box.top) * density].map(Math.round);
      const [red, green, blue] = canvas.getContext("2d").getImageData(px, py, 1, 1).data;
      const { seat, players } = window.bolide.state();
      const me = players.find((player) => player.id === seat);
      const told = window.bolide.toScreen(me.x, me.y);
      const there = Math.hypot(told.x - x, told.y - y) < 4;
      return there && green > 140 && green > red + 40 && green > blue;
    },
    { arg: [at.x, at.y] },
  );
}

browserTest(
  "upright the arena is turned and fills the screen, and a tap walks to where it was",
  { options: ["--bots-fill-to", "0"] },
  async (open) => {
    const [ada, bob] = [await open(PHONE), await open(DESKTOP)];
    const { page } = ada;
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(page)).room)}`);
    await untilFight(page);
    const upright = await drawn(page);
    assert.ok(upright.height > 540 && upright.height > upright.width * 1.7, JSON.stringify(upright));
    assert.ok((await drawn(bob.page)).width > 900, "a desktop's arena is not turned");
    await walksTo(page, 0.3, 0.3);

    await page.setViewportSize({ width: 844, height: 390 });
    await until(page, "the arena follows the phone to its side", () => {
      const [a, b] = [window.bolide.toScreen(0, 0), window.bolide.toScreen(1, 0)];
      return b.x - a.x > 200 && a.y === b.y;
    });
    await everythingFits(page);
    await listFits(page, 2);
    await walksTo(page, 0.4, 0.6);
    const [wide, { x: before }] = [await drawn(page), await toScreen(page, 1, 0)];
    await page.setViewportSize({ width: 667, height: 375 });
    await until(page, "the arena follows", (x) => window.bolide.toScreen(1, 0).x !== x, { arg: before });
    await everythingFits(page);
    await listFits(page, 2);
    const small = await drawn(page);
    assert.ok(wide.width > 560 && small.width > 480, `the list takes little from the arena: ${wide.width}, ${small.width}`);

    await page.setViewportSize(PHONE.viewport);
    await until(page, "the arena follows it back", () => {
      const [a, b] = [window.bolide.toScreen(0, 0), window.bolide.toScreen(1, 0)];
      return b.y - a.y > 200 && a.x === b.x;
    });
    await everythingFits(page);
    await walksTo(page, 0.6, 0.5);
    assert.equal((await field(page)).hurt, 0, "nobody threw anything");
  },
);

browserTest(
  "the result of ten players fits above Rematch, and scrolls where it does not",
  { options: ["--bots-fill-to", "10"] },
  async (open) => {
    const ada = await open(PHONE);
    const { page } = ada;
    await join(ada, "Ada");
    await page.waitForSelector("#result", { state: "visible", timeout: 240_000 });
    await settled(page);
    await screenshot(page, "phone result of ten");
    const rows = page.locator("#placements tr");
    assert.equal(await rows.count(), 10);
    const button = await page.locator("#rematch").boundingBox();
    const last = await rows.last().boundingBox();
    assert.ok(last.y + last.height <= button.y, "all rows are above Rematch");
    assert.equal(await page.evaluate(scrolls), false, "upright there is room for all");

    await page.setViewportSize({ width: 844, height: 390 });
    await until(page, "sideways the rows scroll", scrolls);
    await until(page, "the own row is in sight", () => {
      const [row, rows] = ["#placements .own", ".placings"].map((name) => document.querySelector(name).getBoundingClientRect());
      // The list scrolls by whole pixels, so the last row may end a part of one below it.
      return row.top >= rows.top && row.bottom <= rows.bottom + 1;
    });
    await rows.last().scrollIntoViewIfNeeded();
    await page.touchscreen.tap(...(await middle(page, "#rematch")));
    await until(page, "Rematch is under the thumb", () => document.getElementById("rematch").disabled);
  },
);

/** In the page. */
function scrolls() {
  const { scrollHeight, clientHeight } = document.querySelector(".placings");
  return scrollHeight > clientHeight;
}

async function middle(page, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  return [x + width / 2, y + height / 2];
}

browserTest("a phone says how to walk until somebody does, and a mouse needs no such word", { options: ["--bots-fill-to", "0"] }, async (open) => {
  const [ada, bob] = [await open(PHONE), await open(DESKTOP)];
  await join(ada, "Ada", "?mode=duel");
  await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
  const notice = ({ page }) => page.textContent("#notice");
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
  await until(ada.page, "the hint is there", () => document.getElementById("notice").textContent === "Tap where to walk");
  await screenshot(ada.page, "phone tap hint");
  assert.equal(await notice(bob), "");
  const at = await toScreen(ada.page, 0.9, 0.5);
  await ada.page.touchscreen.tap(at.x, at.y);
  await until(ada.page, "the hint is gone", () => document.getElementById("notice").hidden);
});
