// A connection that is lost in the middle of a fight, by the network, by a reload or with the
// server: the page says so, comes back, and has its seat again.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { field, join, leave, mouseHand, play, state, toScreen, until, untilFight } from "./lib/game.mjs";

/** Chromium's message about a connection that is not to be had, or is cut before it stands; the
 * reason depends on the moment. */
const LOST = /^WebSocket connection to 'ws:\S+' failed: /;
/** Nobody but the two, so that nothing happens to them meanwhile. */
const ALONE = ["--bots-fill-to", "0"];

/** In the page, before anything else: counts its sockets. */
function countSockets() {
  const Native = window.WebSocket;
  window.testSockets = 0;
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      window.testSockets += 1;
    }
  };
}

browserTest(
  "a lost connection comes back to the same seat, and the one who stays sees both",
  { expected: LOST, options: ALONE },
  async (open) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    const { page, network } = bob;
    await page.addInitScript(countSockets);
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    await Promise.all([untilFight(ada.page), untilFight(page)]);
    const before = await state(page);
    const connected = (value) =>
      until(
        ada.page,
        `Ada is told that Bob is ${value ? "back" : "away"}`,
        ([id, expected]) => window.bolide.state().roster.find((entry) => entry.id === id)?.connected === expected,
        { arg: [before.seat, value] },
      );
    await connected(true);

    await network.down();
    await page.waitForSelector("#lost", { state: "visible" });
    await connected(false);
    await until(page, "the page tries in vain", () => window.testSockets >= 3);
    assert.ok(await page.isVisible("#lost"), "the overlay stays while there is no network");
    await screenshot(page, "desktop lost");

    await network.up();
    await page.waitForSelector("#lost", { state: "hidden" });
    await connected(true);
    const after = await state(page);
    assert.deepEqual([after.seat, after.room], [before.seat, before.room]);
    await until(page, "snapshots come again", (tick) => window.bolide.state().tick > tick, { arg: before.tick });

    const { self } = await field(page);
    await mouseHand(page).walk(await toScreen(page, self.x > 0.9 ? 0.3 : 1.5, 0.5));
    await until(
      page,
      "the seat still obeys",
      ({ id, x, y }) => {
        const me = window.bolide.state().players.find((player) => player.id === id);
        return Math.hypot(me.x - x, me.y - y) > 0.02;
      },
      { arg: self },
    );
  },
);

/** In the page, before anything else: `testDeafen()` lets its sockets so far hear nothing any more,
 * as if they had died while the page slept. */
function deafen() {
  const Native = window.WebSocket;
  let opened = 0;
  let deaf = 0;
  window.testDeafen = () => (deaf = opened);
  window.WebSocket = class extends Native {
    #number = (opened += 1);
    set onmessage(listener) {
      super.onmessage = (event) => this.#number > deaf && listener(event);
    }
  };
}

browserTest("a page that is looked at again leaves a socket that died meanwhile at once", { options: ALONE }, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await page.addInitScript(deafen);
  await join(player, "Ada");
  const before = await state(page);
  for (const event of ["visibilitychange", "online"]) {
    await page.evaluate(() => window.testDeafen());
    await until(page, "it says that it hears nothing", () => document.getElementById("notice").textContent.startsWith("No word"));
    await page.evaluate((name) => (name === "online" ? window : document).dispatchEvent(new Event(name)), event);
    // Long before the silence alone would be enough.
    await until(page, `it is back after ${event}`, () => document.getElementById("notice").textContent.startsWith("Waiting"), { timeoutMs: 8_000 });
    const after = await state(page);
    assert.deepEqual([after.seat, after.room], [before.seat, before.room]);
  }
});

browserTest("a reload comes back to the same seat, but not after Leave", {}, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await join(player, "Ada");
  const before = await state(page);
  for (let reloads = 0; reloads < 2; reloads += 1) {
    await page.reload();
    await until(page, "the page is in a room again", () => window.bolide?.state().roster.length > 0);
    const { seat, room, roster } = await state(page);
    assert.deepEqual([seat, room], [before.seat, before.room]);
    assert.equal(roster.find(({ id }) => id === seat).name, "Ada");
    assert.ok(await page.isHidden("#start"));
  }
  await leave(player);
  await page.reload();
  await page.waitForSelector("#play:enabled");
  assert.ok(await page.isHidden("#arena"));
});

browserTest("Back leads to the start screen and keeps the seat for Forward, a reload, and whoever takes it back", { options: ALONE }, async (open) => {
  const player = await open(PHONE);
  const { page } = player;
  await join(player, "Ada");
  const before = await state(page);
  for (const comesBack of [() => page.goForward(), () => page.reload(), () => page.tap("#take-back")]) {
    await page.goBack();
    await page.waitForSelector("#take-back", { state: "visible" });
    assert.ok(await page.isHidden("#arena"));
    assert.match(await page.textContent("#join-error"), /^You went away\. Your seat is kept for \d+ s\.$/);
    await screenshot(page, "phone went back");
    await comesBack();
    await until(page, "the page is in a room again", () => window.bolide?.state().roster.length > 0);
    const after = await state(page);
    assert.deepEqual([after.seat, after.room], [before.seat, before.room]);
  }
  // What was given back stays so.
  await leave(player);
  await page.goForward();
  await page.waitForSelector("#play:enabled");
  assert.ok(await page.isHidden("#arena"));
  assert.ok(await page.isHidden("#take-back"));
  await play(player);
  assert.notEqual((await state(page)).room, before.room);
});

/** In the page, before anything else: while `bolide.refused` is above 0, its sockets reach nobody,
 * and it counts down. */
function refuseSockets() {
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(url, ...args) {
      const left = Number(localStorage.getItem("bolide.refused"));
      localStorage.setItem("bolide.refused", String(Math.max(0, left - 1)));
      super(left > 0 ? `${url}/nobody` : url, ...args);
    }
  };
}

browserTest(
  "a reload beside a server that is not there yet waits for it, and comes back to the same seat",
  { expected: LOST, options: ALONE },
  async (open) => {
    const player = await open(DESKTOP);
    const { page } = player;
    await page.addInitScript(refuseSockets);
    await join(player, "Ada");
    const before = await state(page);
    await page.evaluate(() => localStorage.setItem("bolide.refused", "3"));
    await page.reload();
    await page.waitForSelector("#lost", { state: "visible" });
    await until(page, "it says for how long the seat is kept", () => {
      const [, seconds] = /Your seat is kept for (\d+) s\.$/.exec(document.getElementById("lost-why").textContent) ?? [];
      return seconds > 200 && seconds < 300;
    });
    await screenshot(page, "desktop coming back");
    await until(page, "the page is in a room again", () => window.bolide !== undefined);
    const after = await state(page);
    assert.deepEqual([after.seat, after.room], [before.seat, before.room]);
    assert.ok(await page.isHidden("#lost"));

    // And who does not want to wait plays anew.
    await page.evaluate(() => localStorage.setItem("bolide.refused", "1000"));
    await page.reload();
    await page.waitForSelector("#lost", { state: "visible" });
    await page.click("#give-up");
    await page.waitForSelector("#play:enabled");
    assert.ok(await page.isHidden("#lost"));
    assert.ok(await page.isHidden("#join-error"), "nothing went wrong");
    await page.evaluate(() => localStorage.removeItem("bolide.refused"));
    await page.click("#play");
    await until(page, "the page is in a room", () => window.bolide?.state().roster.length > 0);
    assert.notEqual((await state(page)).seat, before.seat);
  },
);

browserTest(
  "a killed server comes back with the match, and waits until everybody is there",
  { expected: LOST, options: ALONE },
  async (open, server) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    await server.kill();
    await Promise.all([ada, bob].map(({ page }) => page.waitForSelector("#lost", { state: "visible" })));
    const [before, bobBefore] = [await state(ada.page), await state(bob.page)];
    await bob.network.down();
    await server.startAgain();

    const { page } = ada;
    await until(
      page,
      "Ada is told for whom the match waits, and how long",
      () =>
        document.getElementById("notice").textContent === "The server came back. Waiting for Bob…" &&
        /^[1-9]\d*$/.test(document.getElementById("count").textContent),
    );
    assert.ok(await page.isHidden("#lost"));
    assert.ok(await page.isDisabled("#fire"), "nothing can be done meanwhile");
    const waiting = await state(page);
    assert.ok(waiting.tick >= before.tick, `no tick is lost: ${waiting.tick} after ${before.tick}`);
    await screenshot(page, "desktop server came back");
    await bob.network.up();

    await until(page, "the match goes on", (tick) => window.bolide.state().tick > tick, { arg: waiting.tick });
    await until(page, "the page says no more of it", () => !document.getElementById("notice").textContent.includes("back"));
    const [after, bobAfter] = [await state(page), await state(bob.page)];
    for (const [then, now] of [[before, after], [bobBefore, bobAfter]]) {
      assert.deepEqual([now.seat, now.room, now.match.id], [then.seat, then.room, then.match.id]);
    }
    assert.ok(await page.isEnabled("#fire"));
  },
);

/** `cargo xtask deep --only survival` wants more. */
const KILLS = process.env.BOLIDE_SURVIVAL === "deep" ? 20 : 2;

browserTest("one kill after the other, at any moment, and two pages play on", { expected: LOST, options: ALONE }, async (open, server) => {
  const pages = [await open(DESKTOP), await open(PHONE)];
  await join(pages[0], "Ada");
  await join(pages[1], "Bob", `?room=${encodeURIComponent((await state(pages[0].page)).room)}`);
  await Promise.all(pages.map(({ page }) => untilFight(page)));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await pages[0].page.waitForTimeout(Math.random() * 1_000);
    await server.kill();
    const before = await Promise.all(pages.map(({ page }) => state(page)));
    await server.startAgain();
    for (const [index, { page }] of pages.entries()) {
      const { tick, seat, room, match } = before[index];
      // Frames of the old process may be read after `before` was.
      await until(
        page,
        `the match goes on after kill ${kill}`,
        (seen) => window.bolide.state().tick > seen && !document.getElementById("lost").open,
        { arg: tick },
      );
      const after = await state(page);
      assert.deepEqual([after.seat, after.room, after.match.id], [seat, room, match.id]);
    }
  }
});
