// Friends in a private room: it waits for them, bots are there when somebody wants them, and give
// way. And who just wants to play is not sent into a fight of others.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, leave, openStart, play, state, until, untilFight } from "./lib/game.mjs";

/** Bots come to whoever waits for so long. */
const BOTS_WAIT_S = 1;
const QUICK_BOTS = { options: ["--bots-wait-s", String(BOTS_WAIT_S)] };
/** A link is sent and opened: five times as long as bots wait, as twenty seconds are at four. */
const LINK_MS = 5_000 * BOTS_WAIT_S;

async function openPrivate(player, name) {
  await openStart(player, name, "?mode=duel");
  await player.page.click("label:has(input[name=which-room][value=private])");
  await play(player);
  return `?code=${await player.page.textContent("#room-code")}`;
}

const names = async ({ page }) => (await state(page)).roster.map(({ name }) => name);

browserTest("two friends play each other though the link is opened late", QUICK_BOTS, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(PHONE)];
  const link = await openPrivate(ada, "Ada");
  await until(ada.page, "the page says that it waits", () =>
    document.getElementById("notice").textContent === "Waiting for players: 1 of 2. Invite them with the code or the link.",
  );
  await ada.page.waitForTimeout(LINK_MS);
  assert.deepEqual(await names(ada), ["Ada"]);
  assert.equal((await state(ada.page)).phase, "waiting");
  assert.equal(await ada.page.textContent("#company"), "Play against bots meanwhile");
  assert.ok(await ada.page.isVisible("#company"));
  await screenshot(ada.page, "desktop private waiting");
  await openStart(bob, "Bob", link);
  await play(bob);
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
  assert.deepEqual(await names(ada), ["Ada", "Bob"]);
  assert.deepEqual((await state(bob.page)).match.seats.length, 2);
  assert.ok(await ada.page.isHidden("#company"));
});

browserTest("bots play meanwhile for whoever asks, and give way to a friend", QUICK_BOTS, async (open) => {
  const [ada, bob] = [await open(PHONE), await open(DESKTOP)];
  const link = await openPrivate(ada, "Ada");
  await ada.page.click("#company");
  await until(ada.page, "the button takes it back", () =>
    document.getElementById("company").textContent === "Wait for people instead",
  );
  await screenshot(ada.page, "phone with bots meanwhile");
  await untilFight(ada.page);
  assert.equal((await state(ada.page)).roster.filter(({ bot }) => bot).length, 1);
  await openStart(bob, "Bob", link);
  await play(bob);
  for (const { page } of [ada, bob]) await page.waitForSelector("#rematch", { state: "visible" });
  await ada.page.click("#rematch");
  await until(bob.page, "Bob sees that Ada is ready", () => {
    const row = document.querySelector("#placements .person:has(.tag)");
    return row?.textContent === "Adaready" && document.getElementById("result-next").textContent.startsWith("1 of 2 are ready.");
  });
  assert.equal(await bob.page.textContent("#announce"), "Ada is ready for the next match.");
  await bob.page.click("#rematch");
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
  assert.deepEqual(await names(bob), ["Ada", "Bob"]);
});

browserTest("a third who presses Play while two fight gets a fight of its own", QUICK_BOTS, async (open) => {
  const [ada, bob, cat] = [await open(DESKTOP), await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada", "?mode=duel");
  await join(bob, "Bob", `?room=${(await state(ada.page)).room}`);
  await Promise.all([untilFight(ada.page), untilFight(bob.page)]);
  const began = performance.now();
  await join(cat, "Cat", "?mode=duel");
  await untilFight(cat.page);
  const { room, seat, match } = await state(cat.page);
  assert.notEqual(room, (await state(ada.page)).room);
  assert.ok(match.seats.includes(seat));
  console.log(`from Play to a fight of one's own while two others fight: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await leave(cat);
});
