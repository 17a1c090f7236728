// The banner for notices of the operator, on a desktop and on a phone.

import assert from "node:assert/strict";
import { browserTest, DESKTOP, PHONE, screenshot } from "./lib/browser.mjs";
import { join, untilFight } from "./lib/game.mjs";

const MARKUP = '<img src=x onerror="window.hacked=1"> &amp; a line\nand another';

/** Joins with a connection that can be made to say more than the server does. */
async function joinTold(player, name) {
  const { page } = player;
  let socket = null;
  await page.routeWebSocket(/\/play$/, (route) => {
    route.connectToServer();
    socket = route;
  });
  await join(player, name, "?codec=json");
  return (notice) => socket.send(JSON.stringify({ t: "notice", title: null, ...notice }));
}

const text = ({ page }, id) => page.locator(`#banner-${id}`).textContent();

for (const [device, screen] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  browserTest(`${device}: a notice is shown as text until it is closed, and then the one before it`, {}, async (open) => {
    const ada = await open(screen);
    const tell = await joinTold(ada, "Ada");
    const { page } = ada;
    await untilFight(page);
    assert.ok(await page.isHidden("#banner"));
    tell({ id: "n1", level: "info", text: MARKUP });
    await page.waitForSelector("#banner", { state: "visible" });
    assert.equal(await text(ada, "text"), MARKUP);
    assert.equal(await page.locator("#banner-text *").count(), 0);
    assert.ok(await page.isHidden("#banner-title"));
    await screenshot(page, `${device} notice`);

    tell({ id: "n2", level: "maintenance", title: "Restart at noon", text: "It takes a minute. Your seat is kept." });
    await page.waitForSelector("#banner[data-level=maintenance]");
    assert.equal(await text(ada, "level"), "Maintenance +1");
    assert.equal(await text(ada, "title"), "Restart at noon");
    await screenshot(page, `${device} notice maintenance`);
    await page.click("#banner-close");
    assert.equal(await text(ada, "level"), "Notice");
    assert.equal(await text(ada, "text"), MARKUP);
    await page.click("#banner-close");
    assert.ok(await page.isHidden("#banner"));
    assert.equal(await page.evaluate(() => window.hacked), undefined);

    // A kind that comes later, and as much as there may be.
    tell({ id: "n3", level: "later", text: "word ".repeat(800) });
    await page.waitForSelector("#banner[data-level=info]", { state: "visible" });
    const { height } = await page.locator("#banner").boundingBox();
    assert.ok(height < screen.viewport.height / 2, `${height} px`);
    assert.ok(await page.isVisible("#banner-close"));
    await screenshot(page, `${device} notice long`);
  });
}
