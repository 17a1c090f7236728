// The large arena: the camera follows, the small map walks, and the zone is drawn where the server
// has it.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, openStart, play, state, toScreen, until, untilFight } from "./lib/game.mjs";

const ROYALE = { options: ["--bots-fill-to", "20", "--bots-wait-s", "1"] };
const ROYALE_OF_THREE = { options: ["--bots-fill-to", "20", "--bots-wait-s", "15"] };

browserTest("royale begins with bots, and its zone closes around a camera that follows", ROYALE, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await join(player, "Ada", "?mode=royale");
  assert.equal((await state(page)).zone, null, "there is none before the fight");
  await untilFight(page);
  await until(page, "the zone is there", () => window.bolide.state().zone !== null);
  zoneIsRight(await state(page));
  const { rules } = await state(page);
  assert.ok((await page.locator("#players li").count()) <= 4, "a crowd is yourself and those in sight, out of it, and out");

  await until(page, "the numbers beside the arena are of those in sight, and of the others", () => {
    const { players, seat, match } = window.bolide.state();
    const seen = players.filter(({ id, life }) => id !== seat && life === "alive").length;
    const told = [...document.querySelectorAll("#players li")].slice(1);
    const others = told.reduce((sum, row) => sum + Number(row.querySelector("b").textContent), 0);
    return told[0].textContent === `In sight${seen}` && others === 19 && match.seats.length === 20;
  });

  const [left, right] = [await toScreen(page, 0, 0), await toScreen(page, rules.arena_width, 0)];
  const { width } = await page.locator("#canvas").boundingBox();
  const seen = (width / (right.x - left.x)) * rules.arena_width;
  assert.ok(seen > 4.5 && seen < 5.5, `about five units are seen at once, not ${seen}`);

  const from = ownPlayer(await state(page));
  await page.mouse.click(...(await onMap(page, from.x > 8 ? 0 : 1, 0.5)), { button: "right" });
  await until(page, "a click on the small map walks", walked, { arg: from });
  await screenshot(page, "desktop royale");

  await until(page, "the zone closes", (radius) => window.bolide.state().zone.radius < radius - 0.8, {
    arg: cornerOf(rules),
    timeoutMs: 120_000,
  });
  zoneIsRight(await state(page));
  assert.ok(await burningAt(page, 0.02, 0.04), "the small map's corner burns");
});

browserTest("royale on a phone: everything is on the screen, and the view stays inside", ROYALE, async (open) => {
  const player = await open(PHONE);
  const { page } = player;
  await join(player, "Ada", "?mode=royale");
  await untilFight(page);
  const from = ownPlayer(await state(page));
  const canvas = await page.locator("#canvas").boundingBox();
  const at = await toScreen(page, from.x, from.y);
  const [right, down] = [at.x - canvas.x, at.y - canvas.y];
  assert.ok(right > 0 && down > 0 && right < canvas.width && down < canvas.height, "you are in view");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  await page.touchscreen.tap(canvas.x + canvas.width / 2, canvas.y + canvas.height - 40);
  await until(page, "a tap walks", walked, { arg: from });
  await screenshot(page, "phone royale");
});

/** In the page, before anything else: keeps every frame that comes. */
function keepFrames() {
  const Native = window.WebSocket;
  window.testFrames = [];
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => window.testFrames.push(data));
    }
  };
}

/** Every place that a page was told of, of players, of fireballs that came into sight, of hits,
 * with where its own player was at that tick. Frames are JSON. */
function* toldPlaces(frames, seat) {
  let own = null;
  let hits = [];
  for (const frame of frames.map((text) => JSON.parse(text))) {
    const [kind, tick] = frame;
    if (kind === 3) hits.push(...frame[2].filter(([event]) => event === 2).map((event) => ({ tick, event })));
    if (kind !== 1 && kind !== 4) continue;
    const [players, acks] = kind === 1 ? [frame[4], frame[6]] : [frame[3] ?? [], frame[4] ?? []];
    const [, x, y] = players.find(([id]) => id === seat) ?? [];
    const before = own;
    own = x === undefined ? own : { x, y };
    for (const [player] of acks) assert.equal(player, seat, "whose inputs are taken is their business");
    for (const [, px, py] of players) yield { own, tick, at: { x: px, y: py } };
    // A whole snapshot has older ones, too.
    const fireballs = (kind === 1 ? frame[5] : frame[5] ?? []).filter((f) => f[6] === tick);
    for (const [, , fx, fy] of fireballs) yield { own, tick, at: { x: fx, y: fy } };
    // Events come before the snapshot of their tick, if that has any.
    for (const { tick: hit, event } of hits)
      yield { own: hit === tick ? own : before, tick: hit, at: { x: event[4], y: event[5] } };
    hits = [];
  }
}

browserTest("a page is never told of anybody out of sight, however it is told", ROYALE_OF_THREE, async (open) => {
  const queries = ["?mode=royale&codec=json&sync=full", "?mode=royale&codec=json&sync=state", "?mode=royale&codec=json&sync=events"];
  const [ada, ...others] = [await open(DESKTOP), await open(DESKTOP), await open(PHONE)];
  const players = [ada, ...others];
  for (const [index, player] of players.entries()) {
    await player.page.addInitScript(keepFrames);
    await openStart(player, `Ada ${index}`, queries[index]);
  }
  // No more than a click each, so that the bots wait for all.
  for (const player of players) await play(player);
  const rooms = await Promise.all(players.map(async ({ page }) => (await state(page)).room));
  assert.equal(new Set(rooms).size, 1, "the fullest room is filled first");
  await Promise.all(players.map(({ page }) => untilFight(page)));
  // Through the crowd, so that there is much to be told and much to be kept quiet about.
  for (const { page } of players) {
    const { left, top, width, height } = await minimapBox(page);
    const [x, y] = [left + width / 2, top + height / 2];
    await page.mouse.click(x, y, { button: "right" });
  }
  for (const [index, { page }] of players.entries()) {
    await until(page, "ten seconds of fight", () => window.bolide.state().tick > 90 + 300 + 30);
    let far = await toldDistances(page);
    // Whoever began far from everybody meets somebody later.
    while (far.filter((told) => told.far > 0).length <= 20) {
      const { tick } = await state(page);
      await until(page, "another second of fight", (before) => window.bolide.state().tick > before + 30, { arg: tick });
      assert.equal((await state(page)).phase, "fighting", `${queries[index]} was told of others`);
      far = await toldDistances(page);
    }
    const { rules, stats, match } = await state(page);
    assert.equal(stats.resyncs, 0);
    // Five decimals tell a place to less than a grid step.
    const tooFar = far.find((told) => told.far > rules.vision_radius + 1e-4);
    assert.equal(tooFar, undefined, `${queries[index]} was told too much`);
    assert.equal(match.seats.length, 20, "all take part");
  }
});

/** Returns the distances from this seat's player of all that the page was told of, and when. */
async function toldDistances(page) {
  const { seat } = await state(page);
  const frames = (await page.evaluate(() => window.testFrames)).filter((frame) => frame.startsWith("["));
  return [...toldPlaces(frames, seat)].map(({ own, tick, at }) => ({ tick, far: Math.hypot(at.x - own.x, at.y - own.y) }));
}

const ownPlayer = ({ players, seat }) => players.find(({ id }) => id === seat);

/** Returns the distance of the corners from the middle. */
const cornerOf = (rules) => Math.hypot(rules.arena_width, rules.arena_height) / 2;

/** As docs/protocol.md has it. Whoever won by now has stopped the clock. */
function zoneIsRight({ rules, zone, drawnTick, phaseEnds, tickRate, phase }) {
  if (phase !== "fighting") return;
  const foughtS = rules.time_limit_s - (phaseEnds - drawnTick) / tickRate;
  const share = Math.max(0, (foughtS - rules.zone.waits_s) / rules.zone.closes_s);
  const expected = cornerOf(rules) + (rules.zone.end_radius - cornerOf(rules)) * share;
  assert.ok(Math.abs(zone.radius - expected) < 0.01, `${zone.radius} is not ${expected}`);
}

/** The small map in the window. */
async function minimapBox(page) {
  const canvas = await page.locator("#canvas").boundingBox();
  const { map } = await state(page);
  return { left: canvas.x + map.left, top: canvas.y + map.top, width: map.width, height: map.height };
}

/** In the page: whether the own player has left the place, or the match. */
function walked({ x, y }) {
  const { players, seat } = window.bolide.state();
  const me = players.find((player) => player.id === seat);
  return me.life !== "alive" || Math.hypot(me.x - x, me.y - y) > 0.05;
}

/** A place of the small map in the window, by shares of the map. */
async function onMap(page, right, down) {
  const { left, top, width, height } = await minimapBox(page);
  return [left + (width - 2) * right + 1, top + (height - 2) * down + 1];
}

/** Returns whether the small map is painted red there. */
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
