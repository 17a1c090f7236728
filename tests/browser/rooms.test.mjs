// A private room: who creates it gets a code and a link, whoever has one of them comes in, nobody
// else does, and who created it may lock it.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { leave, openStart, play, state, until } from "./lib/game.mjs";

const ALONE = { options: ["--bots-fill-to", "0"] };
const room = async ({ page }) => (await state(page)).room;

/** Returns what a page needs to say which room it is in. */
async function joinedBy(player) {
  await play(player);
  return room(player);
}

const choose = ({ page }, value) => page.click(`label:has(input[name=which-room][value=${value}])`);

const lockSays = ({ page }, text) =>
  until(page, `the lock says ${text}`, (expected) => {
    const lock = document.getElementById("lock");
    return !lock.hidden && lock.textContent === expected;
  }, { arg: text });

browserTest("a private room is joined by code and by link, and can be locked", ALONE, async (open) => {
  const [ada, bob, cat] = [await open(DESKTOP), await open(PHONE), await open(DESKTOP)];
  await openStart(ada, "Ada");
  await choose(ada, "private");
  await screenshot(ada.page, "desktop private room");
  const own = await joinedBy(ada);
  const code = await ada.page.textContent("#room-code");
  assert.match(code, /^[A-HJ-NP-Z2-9]{6}$/);
  await lockSays(ada, "Lock");

  await ada.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await ada.page.click("#share");
  await until(ada.page, "the link is copied", async () => (await navigator.clipboard.readText()).includes("?code="));
  const link = new URL(await ada.page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(link.href, `${ada.address}/?code=${code}`);

  // Somebody who just wants to play meets nobody there.
  await openStart(cat, "Cat");
  assert.notEqual(await joinedBy(cat), own);
  const { rooms } = await (await fetch(`${cat.address}/api/v1/rooms`)).json();
  assert.deepEqual(rooms.map(({ id }) => id), [await room(cat)], "it is in no list");
  await leave(cat);

  // The link, as it reaches another browser.
  await openStart(bob, "Bob", link.search);
  assert.equal(await bob.page.inputValue("#code"), code);
  assert.ok(await bob.page.isHidden("#modes"), "the room has its mode");
  await screenshot(bob.page, "phone code");
  assert.equal(await joinedBy(bob), own);
  assert.ok(await bob.page.isVisible("#room-code"));
  assert.ok(await bob.page.isHidden("#lock"));
  await screenshot(ada.page, "desktop in a private room");
  await screenshot(bob.page, "phone in a private room");

  await ada.page.click("#lock");
  await lockSays(ada, "Unlock");
  await lockSays(bob, "Locked");
  assert.ok(await bob.page.isDisabled("#lock"));
  await choose(cat, "code");
  await cat.page.fill("#code", code.toLowerCase());
  await cat.page.click("#play");
  await until(cat.page, "Cat is told that it is locked", () =>
    document.getElementById("join-error").textContent.includes("locked"),
  );
  // Who has a seat comes back to it.
  await bob.page.reload();
  await until(bob.page, "Bob is back", () => window.bolide !== undefined);
  assert.equal(await room(bob), own);
  await lockSays(bob, "Locked");

  await ada.page.click("#lock");
  await lockSays(ada, "Lock");
  assert.equal(await joinedBy(cat), own);
});

browserTest("a code that opens nothing is told, and the page stays", ALONE, async (open) => {
  const player = await open(PHONE);
  const { page } = player;
  await openStart(player, "Ada", "?code=AAAAAA");
  for (const [code, expected] of [["AAAAAA", "No room has that code"], ["AAAAA0", "none of them 0, O, 1 or I"]]) {
    await page.fill("#code", code);
    await page.click("#play");
    await until(page, `it is told that ${expected}`, (text) =>
      document.getElementById("join-error").textContent.includes(text), { arg: expected });
    await page.waitForSelector("#play:enabled");
  }
  await screenshot(page, "phone wrong code");
  await choose(player, "any");
  await play(player);
  assert.ok(await page.isHidden("#room-code"), "an open room has no code");
});

browserTest("an open room has a link, too, and where nothing may be copied it is there to be selected", ALONE, async (open) => {
  const [ada, bob] = [await open(PHONE), await open(DESKTOP)];
  await openStart(ada, "Ada", "?mode=duel");
  const own = await joinedBy(ada);
  await until(ada.page, "it waits", () => window.bolide.state().phase === "waiting");
  await screenshot(ada.page, "phone open room");
  // As in a page without encryption.
  await ada.page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    document.execCommand = () => false;
  });
  await ada.page.tap("#share");
  await ada.page.waitForSelector("#link", { state: "visible" });
  await screenshot(ada.page, "phone link");
  const link = new URL(await ada.page.evaluate(() => getSelection().toString() || document.getElementById("link").value));
  assert.equal(link.href, `${ada.address}/?mode=duel&room=${own}`);
  assert.equal(await ada.page.evaluate(() => document.activeElement.id), "link");
  await ada.page.keyboard.press("Escape");
  await ada.page.waitForSelector("#link", { state: "hidden" });

  await openStart(bob, "Bob", link.search);
  assert.equal(await joinedBy(bob), own);
  assert.ok(await bob.page.isVisible("#share"));
  await until(ada.page, "on a phone it makes room for the fight", () => document.getElementById("share").offsetParent === null);
});

browserTest("a link to a room that is gone is told once, and then leads to another room", ALONE, async (open) => {
  const player = await open(DESKTOP);
  const { page } = player;
  await openStart(player, "Ada", "?mode=duel&room=qqqqqqqq");
  await page.click("#play");
  await page.waitForSelector("#join-error", { state: "visible" });
  await page.waitForSelector("#play:enabled");
  assert.equal(new URL(page.url()).search, "?mode=duel");
  await play(player);
  const before = await state(page);
  assert.equal(before.mode, "duel");
  // The seat is found again though the address is another one.
  await page.reload();
  await until(page, "the page is in a room again", () => window.bolide?.state().roster.length > 0);
  const after = await state(page);
  assert.deepEqual([after.room, after.seat], [before.room, before.seat]);
});

browserTest("a link to a room that is full leads to another one at the second Play, and is kept", ALONE, async (open) => {
  const players = [await open(DESKTOP), await open(DESKTOP), await open(DESKTOP)];
  await openStart(players[0], "Ada", "?mode=duel");
  const own = await joinedBy(players[0]);
  for (const player of players.slice(1)) await openStart(player, "Bob", `?mode=duel&room=${own}`);
  await joinedBy(players[1]);
  const { page } = players[2];
  await page.click("#play");
  await page.waitForSelector("#join-error", { state: "visible" });
  await page.waitForSelector("#play:enabled");
  assert.equal(new URL(page.url()).searchParams.get("room"), own);
  assert.notEqual(await joinedBy(players[2]), own);
});
