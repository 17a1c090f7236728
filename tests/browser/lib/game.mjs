// Actions and sights of a player, by mouse, keys, taps and eyes. The page's debug handle is only
// looked at: it says where things are on the screen.

/** For whatever a page does by itself, on a machine that is slow and busy with other things. */
export const WAIT_MS = 60_000;

/** Opens the start page and joins. */
export async function join(player, name, query = "") {
  await openStart(player, name, query);
  await play(player);
}

/** Opens the start page and fills it in. */
export async function openStart({ page, address }, name, query = "") {
  await page.goto(`${address}/${query}`);
  await page.fill("#name", name);
}

/** Joins from the start page. */
export async function play({ page }) {
  await page.click("#play");
  await until(page, "the page joins a room", () => window.bolide !== undefined);
}

export const state = (page) => page.evaluate(() => window.bolide.state());

export const events = (page) => page.evaluate(() => window.bolide.events());

/** Waits for a condition inside the page; a failure says which. */
export async function until(page, what, condition, { arg, timeoutMs = WAIT_MS } = {}) {
  try {
    await page.waitForFunction(condition, arg, { timeout: timeoutMs, polling: 50 });
  } catch (error) {
    throw new Error(`waited ${timeoutMs} ms in vain until ${what}: ${error.message}`);
  }
}

export const untilFight = (page) =>
  until(page, "the fight begins", () => window.bolide?.state().phase === "fighting");

/** This seat's player and the others that are alive, each with its place on the screen. */
export function field(page) {
  return page.evaluate(() => {
    const { players, seat, phase, fireballs, match, rules, private: own, tick } = window.bolide.state();
    const placed = players
      .filter((player) => player.life === "alive")
      .map((player) => ({ ...player, screen: window.bolide.toScreen(player.x, player.y) }));
    return {
      phase,
      tick,
      match: match.number,
      self: placed.find((player) => player.id === seat) ?? null,
      enemies: placed.filter((player) => player.id !== seat),
      fireballs: fireballs.length,
      hurt: placed.filter((player) => player.health < rules.health).length,
      ready: { shoot: own !== null && tick >= own.fireballReady, blink: own !== null && tick >= own.blinkReady },
    };
  });
}

export const toScreen = (page, x, y) => page.evaluate(([wx, wy]) => window.bolide.toScreen(wx, wy), [x, y]);

export function nearest({ self, enemies }) {
  const far = (enemy) => Math.hypot(enemy.x - self.x, enemy.y - self.y);
  return enemies.toSorted((a, b) => far(a) - far(b))[0];
}

/** The events of one kind that this seat caused. */
export async function own(page, kind) {
  const { seat } = await state(page);
  return (await events(page)).filter(({ event }) => event.kind === kind && (event.player ?? event.by) === seat);
}

/**
 * Plays until this seat has walked, shot and blinked, and then until the match has ended. A player
 * can die before a cooldown is over: then it does the rest in the next match. `hand` knows how this
 * device walks, shoots and blinks.
 */
export async function playThrough(page, hand, { matches = 6, onFight = async () => {} } = {}) {
  for (let played = 1; ; played += 1) {
    await untilFight(page);
    const began = (await field(page)).self;
    let walked = false;
    let turn = 0;
    for (;;) {
      const now = await field(page);
      if (now.phase === "over") break;
      walked ||= now.self !== null && began !== null && Math.hypot(now.self.x - began.x, now.self.y - began.y) > 0.05;
      if (now.self !== null && now.enemies.length > 0 && now.phase === "fighting") {
        await act(page, hand, now, turn);
        turn += 1;
      }
      await onFight(now);
      await page.waitForTimeout(120);
    }
    const shots = await own(page, "shot");
    const blinks = await own(page, "blink");
    if (walked && shots.length > 0 && blinks.length > 0) return { shots, blinks };
    if (played === matches) {
      throw new Error(`after ${played} matches: walked ${walked}, ${shots.length} shots, ${blinks.length} blinks`);
    }
    await rematch(page);
  }
}

async function act(page, hand, now, turn) {
  const enemy = nearest(now);
  if (now.ready.blink) {
    const place = await toScreen(page, turn % 2 === 0 ? 0.4 : 1.3, turn % 3 === 0 ? 0.3 : 0.7);
    await hand.blink(place);
  } else if (now.ready.shoot) {
    await hand.shoot(enemy.screen);
  } else if (turn % 4 === 0) {
    const place = await toScreen(page, 0.3 + ((turn * 5) % 12) / 10, 0.25 + ((turn * 3) % 5) / 10);
    await hand.walk(place);
  }
}

/** Waits until everything that moves into its place is there. */
export const settled = (page) =>
  page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));

/** Presses Rematch and waits for the next match. */
export async function rematch(page) {
  const before = (await state(page)).match.number;
  await page.click("#rematch");
  await until(page, "the next match gathers", (number) => window.bolide.state().match.number > number, { arg: before });
}

/** Right click, Q and F with a click. */
export function mouseHand(page) {
  return {
    walk: ({ x, y }) => page.mouse.click(x, y, { button: "right" }),
    async shoot({ x, y }) {
      await page.keyboard.press("q");
      await page.mouse.click(x, y);
    },
    async blink({ x, y }) {
      await page.keyboard.press("f");
      await page.mouse.click(x, y);
    },
  };
}

/** Taps on the arena and on the two large buttons. */
export function touchHand(page) {
  const press = async (selector) => {
    const box = await page.locator(selector).boundingBox();
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  };
  return {
    walk: ({ x, y }) => page.touchscreen.tap(x, y),
    async shoot({ x, y }) {
      await press("#fire");
      await page.touchscreen.tap(x, y);
    },
    async blink({ x, y }) {
      await press("#blink");
      await page.touchscreen.tap(x, y);
    },
  };
}

/** Leaves for good; in the middle of a match the page asks once more. */
export async function leave({ page }) {
  await page.click("#leave");
  const asked = page.locator("#ask[open] #go");
  await page.locator("#start:visible").or(asked).first().waitFor();
  if (await asked.isVisible()) await asked.click();
  await page.waitForSelector("#start", { state: "visible" });
}
