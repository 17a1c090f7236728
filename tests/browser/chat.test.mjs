// Chat is text: what looks like HTML is shown, letter by letter, and never run.

import assert from "node:assert/strict";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { join, state } from "./lib/game.mjs";

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
