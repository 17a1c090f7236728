// The list of those in the room: colour, name, and how many hits each can still take.

import type { PlayerState } from "../../sdk/index.ts";
import { find, make } from "../dom.ts";
import type { Model } from "../model.ts";
import { css } from "../palette.ts";

/** More pips than this are shown as a number. */
const PIPS_MAX = 8;
/** Players side by side at most, on screens where they are. */
const COLUMNS_MAX = 5;

export class Players {
  readonly #list = find("players", HTMLUListElement);
  #shown = "";

  update(model: Model, nowMs: number): void {
    const states = new Map((model.shown(nowMs)?.players ?? []).map((player) => [player.id, player]));
    const rows = [...model.roster].sort((a, b) => rank(b.id, states, model.seat) - rank(a.id, states, model.seat));
    const key = JSON.stringify([
      model.seat,
      rows,
      rows.map((row) => [states.get(row.id)?.health, states.get(row.id)?.life]),
    ]);
    if (key === this.#shown) return;
    this.#shown = key;
    // Six are three above three, not five above one.
    const lines = Math.ceil(rows.length / COLUMNS_MAX);
    this.#list.style.setProperty("--columns", String(Math.max(1, Math.ceil(rows.length / Math.max(1, lines)))));
    this.#list.replaceChildren(
      ...rows.map(({ id, name, bot, connected }) => {
        const state = states.get(id);
        const dot = make("span", "dot");
        dot.style.background = css(model.palette.of(id));
        const label = make("span", "who", name);
        const row = make("li", "", dot, label);
        if (bot) row.append(make("span", "tag", "bot"));
        if (id === model.seat) row.append(make("span", "tag you", "you"));
        row.append(make("span", "fill"), health(model, state, connected));
        row.classList.toggle("own", id === model.seat);
        row.classList.toggle("out", state !== undefined && state.life !== "alive");
        return row;
      }),
    );
  }
}

/** Yourself first, then the living by health, then the dead, then those who only watch. */
function rank(id: number, states: ReadonlyMap<number, PlayerState>, seat: number): number {
  if (id === seat) return Number.POSITIVE_INFINITY;
  const state = states.get(id);
  if (state === undefined) return -1;
  return state.life === "alive" ? state.health : 0;
}

function health(model: Model, state: PlayerState | undefined, connected: boolean): HTMLElement {
  if (state === undefined) return make("span", "state", "watches");
  if (state.life !== "alive") return make("span", "state", state.life === "dead" ? "out" : "left");
  if (!connected) return make("span", "state", "away");
  const { health: full, dead_at: dead, hit_damage: damage } = model.welcome.rules;
  const left = Math.max(0, Math.ceil((state.health - dead) / damage));
  const all = Math.max(1, Math.ceil((full - dead) / damage));
  const pips = make("span", "pips");
  pips.setAttribute("role", "img");
  pips.setAttribute("aria-label", `${left} of ${all} hits left`);
  if (all > PIPS_MAX) pips.append(`${left}/${all}`);
  else {
    for (let i = 0; i < all; i += 1) {
      const pip = make("i", i < left ? "pip" : "pip gone");
      if (i < left) pip.style.background = css(model.palette.of(state.id));
      pips.append(pip);
    }
  }
  return pips;
}
