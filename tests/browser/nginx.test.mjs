// A real nginx in front of the server: with the locations of docs/operations.md, and with those of
// old sites, which name no client.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import { browserTest, DESKTOP } from "./lib/browser.mjs";
import { openStart, play, state, until, untilFight } from "./lib/game.mjs";
import { behind, documented } from "./lib/nginx.mjs";
import { openSite } from "./lib/site.mjs";

const SILENT_PROXY = /the trusted proxy 127\.0\.0\.1 sends no X-Forwarded-For/g;
const TRUSTED = ["--trusted-proxies", "127.0.0.1"];

// It stands for the site's Django, which serves an old page and knows nothing of sockets.
const django = await openSite({ "/": await readFile(new URL("../../examples/web/arena.html", import.meta.url)) });
after(() => django.close());

browserTest("below a path of nginx the page plays", { options: TRUSTED }, async (open, server) => {
  await behind(await documented("### Below a path", server), async (address) => {
    const ada = { ...(await open(DESKTOP)), address: `${address}/game` };
    await openStart(ada, "Ada");
    await until(ada.page, "it has the modes", () => document.querySelectorAll("#modes input").length > 1);
    await play(ada);
    await untilFight(ada.page);
    const before = await state(ada.page);
    await ada.page.reload();
    await until(ada.page, "Ada is back", () => window.bolide?.state().phase === "fighting");
    assert.equal((await state(ada.page)).seat, before.seat);
  });
  assert.doesNotMatch(server.output(), SILENT_PROXY);
});

/** Two old pages of the site at `address` meet in a fight. */
async function meet(open, address) {
  const players = [await open(DESKTOP), await open(DESKTOP)];
  for (const [index, { page }] of players.entries()) await page.goto(`${address}/?name=${index}`);
  for (const { page } of players) {
    await until(page, "the fight begins", () => window.arena?.look().state === "fighting");
  }
}

browserTest("behind nginx Django has the page, and the server its socket", { options: TRUSTED }, async (open, server) => {
  const locations = await documented("### Beside a site", server, django);
  await behind(locations, (address) => meet(open, address));
  assert.doesNotMatch(server.output(), SILENT_PROXY);
});

/** As old sites have it: no client is named, and no host. */
const old = (server) => `
location /ws {
    proxy_pass ${server};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "Upgrade";
}
location / {
    proxy_pass ${django.address};
}`;

browserTest("behind the nginx of an old site pages meet, and one line warns of it", { options: TRUSTED }, async (open, server) => {
  await behind(old(server.address), (address) => meet(open, address));
  const warnings = server.output().match(SILENT_PROXY) ?? [];
  assert.equal(warnings.length, 1, server.output());
});
