// A connection that is lost in the middle of a fight, by the network, by a reload or with the server: the page says so,
// comes back, and has its seat again.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, screenshot } from "./lib/browser.mjs";
import { field, join, mouseHand, state, toScreen, until, untilFight } from "./lib/game.mjs";

/** Keeps the page's sockets at hand, so that the test can cut them. */
function keepSockets() {
  const Native = window.WebSocket;
  window.testSockets = [];
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      window.testSockets.push(this);
    }
  };
}

browserTest(
  "a lost connection comes back to the same seat",
  { timeoutMs: 180_000, expected: /ERR_INTERNET_DISCONNECTED/ },
  async (open) => {
    const player = await open(DESKTOP);
    const { page, context } = player;
    await page.addInitScript(keepSockets);
    await join(player, "Ada");
    await untilFight(page);
    const before = await state(page);

    await context.setOffline(true);
    await page.evaluate(() => window.testSockets.at(-1).close());
    await page.waitForSelector("#lost", { state: "visible" });
    await page.waitForTimeout(2_000);
    assert.ok(await page.isVisible("#lost"), "the overlay stays while there is no network");
    await screenshot(page, "desktop lost");

    await context.setOffline(false);
    await page.waitForSelector("#lost", { state: "hidden" });
    const after = await state(page);
    assert.equal(after.seat, before.seat);
    assert.equal(after.room, before.room);
    await until(page, "snapshots come again", (tick) => window.bolide.state().tick > tick, { arg: before.tick });
    assert.ok((await page.evaluate(() => window.testSockets.length)) >= 2, "it is another connection");

    const { self, phase } = await field(page);
    if (self === null || phase !== "fighting") return;
    const hand = mouseHand(page);
    await hand.walk(await toScreen(page, self.x > 0.9 ? 0.3 : 1.5, 0.5));
    await until(
      page,
      "the seat still obeys",
      ({ x, y }) => {
        const { players, seat } = window.bolide.state();
        const me = players.find((p) => p.id === seat);
        return me === undefined || Math.hypot(me.x - x, me.y - y) > 0.02;
      },
      { arg: self },
    );
  },
);

browserTest(
  "the one who stays sees who is gone and who is back",
  { timeoutMs: 120_000, expected: /ERR_INTERNET_DISCONNECTED/ },
  async (open) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    await bob.page.addInitScript(keepSockets);
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    const { seat } = await state(bob.page);
    const connected = (value) =>
      until(
        ada.page,
        `Ada is told that Bob is ${value ? "back" : "away"}`,
        ([id, expected]) => window.bolide.state().roster.find((entry) => entry.id === id)?.connected === expected,
        { arg: [seat, value] },
      );
    await connected(true);
    await bob.context.setOffline(true);
    await bob.page.evaluate(() => window.testSockets.at(-1).close());
    await connected(false);
    await bob.context.setOffline(false);
    await connected(true);
    assert.equal((await state(bob.page)).seat, seat);
  },
);

browserTest("a reload comes back to the same seat, but not after Leave", { timeoutMs: 120_000 }, async (open) => {
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
  await page.click("#leave");
  await page.waitForSelector("#start", { state: "visible" });
  await page.reload();
  await page.waitForSelector("#play:enabled");
  assert.ok(await page.isHidden("#arena"));
});

browserTest(
  "a killed server comes back with the match, and waits until everybody is there",
  { timeoutMs: 180_000, expected: /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED/, options: ["--bots-fill-to", "0"] },
  async (open, server) => {
    const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
    await join(ada, "Ada");
    await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
    await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
    await server.kill();
    await Promise.all([ada, bob].map(({ page }) => page.waitForSelector("#lost", { state: "visible" })));
    const [before, bobBefore] = [await state(ada.page), await state(bob.page)];
    await bob.context.setOffline(true);
    await server.startAgain();

    const { page } = ada;
    await until(
      page,
      "Ada is told for whom the match waits, and how long",
      () =>
        document.getElementById("notice").textContent === "The server came back. Waiting for Bob…" &&
        /^[1-9]\d?$/.test(document.getElementById("count").textContent),
    );
    assert.ok(await page.isHidden("#lost"));
    assert.ok(await page.isDisabled("#fire"), "nothing can be done meanwhile");
    const waiting = await state(page);
    assert.ok(waiting.tick >= before.tick, `no tick is lost: ${waiting.tick} after ${before.tick}`);
    await screenshot(page, "desktop server came back");
    await bob.context.setOffline(false);

    await until(page, "the match goes on", (tick) => window.bolide.state().tick > tick, { arg: waiting.tick });
    await until(page, "the page says no more of it", () => !document.getElementById("notice").textContent.includes("back"));
    const [after, bobAfter] = [await state(page), await state(bob.page)];
    for (const [then, now] of [[before, after], [bobBefore, bobAfter]]) {
      assert.deepEqual([now.seat, now.room, now.match.id], [then.seat, then.room, then.match.id]);
    }
    assert.ok(await page.isEnabled("#fire"));
  },
);
