// Chat is text: what looks like HTML is shown, letter by letter, and never run.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, leave, state, until } from "./lib/game.mjs";

const LINE = '<b>bold</b> <img src=x onerror="window.hacked=1"> &amp;';

browserTest("a chat line with markup is shown as it was typed", {}, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada <i>");
  await join(bob, "Bob", `?codec=json&room=${encodeURIComponent((await state(ada.page)).room)}`);

  await ada.page.keyboard.press("Enter");
  await ada.page.keyboard.type(LINE);
  await ada.page.keyboard.press("Enter");
  for (const { page } of [ada, bob]) {
    const said = page.locator("#feed .said");
    await said.first().waitFor();
    assert.equal(await said.locator(".text").textContent(), LINE);
    assert.equal(await said.locator("b").textContent(), "Ada <i>", "the name is the only bold part, and is text too");
    assert.equal(await page.locator("#feed img, #feed i").count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  }
});

browserTest(
  "keys play again once the chat is closed, and lines are cut at 200",
  {},
  async (open) => {
    const ada = await open(DESKTOP);
    const { page } = ada;
    await join(ada, "Ada");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "chat-line");
    await page.keyboard.type("never mind");
    await page.keyboard.press("Escape");
    assert.notEqual(await page.evaluate(() => document.activeElement?.id), "chat-line");
    await page.keyboard.press("Enter");
    await page.keyboard.insertText("x".repeat(300));
    await page.keyboard.press("Enter");
    const text = page.locator("#feed .said .text");
    await text.first().waitFor();
    assert.equal(await text.textContent(), "x".repeat(200));
  },
);

/** The feed's lines as they are read, with the colour of each name. */
const lines = ({ page }) =>
  page.evaluate(() =>
    [...document.querySelectorAll("#feed p")].map((line) => [line.textContent, line.querySelector("b")?.style.color]),
  );

browserTest("a reload keeps what happened and what was said", {}, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada", "?mode=duel");
  await join(bob, "Bob", `?room=${encodeURIComponent((await state(ada.page)).room)}`);
  await says(bob, "<b>hello</b>");
  await reads(ada, "Ada reads it", ["<b>hello</b>"]);
  const before = await lines(ada);
  await ada.page.reload();
  await reads(ada, "Ada reads it again", ["<b>hello</b>"]);
  assert.deepEqual((await lines(ada)).slice(0, before.length), before);
  await says(bob, "again");
  await reads(ada, "and what comes then", ["<b>hello</b>", "again"]);
  assert.equal((await lines(ada)).filter(([text]) => text === "Match 1").length, 1);
  await ada.page.locator("#players .mute").click();
  await reads(ada, "Bob is muted", []);
  await ada.page.reload();
  await until(ada.page, "the lines are there, unread", () => document.querySelectorAll("#feed .said").length === 2);
  await says(bob, "unread");
  await says(ada, "mine");
  await reads(ada, "Bob is still muted", ["mine"]);
});

const says = async ({ page }, text) => {
  await page.keyboard.press("Enter");
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
};

/** The lines of the chat that can be read. */
const read = ({ page }) =>
  page.evaluate(() => [...document.querySelectorAll("#feed .said")].filter((line) => !line.hidden).map((line) => line.querySelector(".text").textContent));

const reads = (player, what, lines) =>
  until(player.page, what, (expected) => {
    const shown = [...document.querySelectorAll("#feed .said")].filter((line) => !line.hidden);
    return JSON.stringify(shown.map((line) => line.querySelector(".text").textContent)) === expected;
  }, { arg: JSON.stringify(lines) });

browserTest("whoever is muted is not read, by whoever muted them alone, until they are heard again", { options: ["--bots-fill-to", "3"] }, async (open) => {
  const [ada, bob, cat] = [await open(DESKTOP), await open(DESKTOP), await open(PHONE)];
  await join(ada, "Ada", "?mode=brawl");
  const room = `?room=${encodeURIComponent((await state(ada.page)).room)}`;
  await join(bob, "Bob", room);
  await join(cat, "Ada", room);
  await says(ada, "one");
  await says(cat, "two");
  await reads(bob, "Bob reads both", ["one", "two"]);
  const buttons = bob.page.locator("#players .mute");
  await until(bob.page, "people can be muted, and neither oneself nor bots", () => document.querySelectorAll("#players .mute").length === 2);
  const { seat } = await state(ada.page);
  const mute = bob.page.locator(`#players .mute[data-seat="${seat}"]`);
  assert.equal(await mute.getAttribute("aria-label"), "Mute Ada");
  await mute.focus();
  await bob.page.keyboard.press("Space");
  await reads(bob, "what was said is hidden, of one of two with that name", ["two"]);
  await until(bob.page, "the button is pressed and has the focus", (id) => {
    const button = document.querySelector(`#players .mute[data-seat="${id}"]`);
    return button.ariaPressed === "true" && document.activeElement === button;
  }, { arg: seat });
  await screenshot(bob.page, "desktop muted");
  await says(ada, "three");
  await says(cat, "four");
  await reads(bob, "what is said is left out", ["two", "four"]);
  assert.deepEqual(await read(cat), ["one", "two", "three", "four"], "Cat reads all");
  await mute.click();
  await says(ada, "five");
  await reads(bob, "Ada is heard again", ["one", "two", "four", "five"]);

  await cat.page.tap("#talk");
  await until(cat.page, "a thumb finds the buttons while it chats", () => document.querySelector("#players .mute").clientWidth >= 24);
  await screenshot(cat.page, "phone chat");
  await cat.page.tap(`#players .mute[data-seat="${seat}"]`);
  await reads(cat, "a tap mutes", ["two", "four"]);
  assert.ok(await cat.page.isVisible("#chat-line"), "and goes on chatting");
  await mute.click();
  await leave(ada);
  await until(bob.page, "one who left cannot be muted", () => document.querySelectorAll("#players .mute").length === 1);
  await join(ada, "Eve", room);
  await says(ada, "six");
  await reads(bob, "whoever comes afterwards is heard", ["two", "four", "six"]);
  assert.equal(await buttons.count(), 2);
});

browserTest("in a crowd those who said something can be muted", { options: ["--bots-fill-to", "20", "--bots-wait-s", "15"] }, async (open) => {
  const [ada, bob] = [await open(DESKTOP), await open(DESKTOP)];
  await join(ada, "Ada", "?mode=royale");
  await join(bob, "Bob", `?mode=royale&room=${encodeURIComponent((await state(ada.page)).room)}`);
  await until(bob.page, "the crowd is there", () => window.bolide.state().roster.length === 20);
  await until(bob.page, "its list is numbers", () => document.querySelectorAll("#players .mute").length === 0);
  await says(ada, "one");
  await bob.page.locator("#players .mute").click();
  await reads(bob, "Ada is muted", []);
});

browserTest("a line that comes too fast is not lost: it is in the field again", {}, async (open) => {
  const ada = await open(DESKTOP);
  const { page } = ada;
  await join(ada, "Ada");
  for (const line of ["one", "two", "three", "four", "five", "six"]) await says(ada, line);
  await until(page, "it is told", () => !document.getElementById("toast").hidden);
  assert.match(await page.textContent("#toast"), /5 lines in 5 seconds/);
  assert.equal(await page.inputValue("#chat-line"), "six");
  await until(page, "the others are there", () => document.querySelectorAll("#feed .said").length === 5);
  // What is written meanwhile is not written over.
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.keyboard.type("sev");
  await until(page, "six is refused or said", () => document.querySelectorAll("#feed .said").length === 6 || !document.getElementById("toast").hidden);
  assert.match(await page.inputValue("#chat-line"), /sev/);
});
