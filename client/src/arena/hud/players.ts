// The list of those in the room: colour, name, and how many hits each can still take; of a crowd,
// its numbers. It must not say anything of somebody out of sight but that they take part, or were
// seen to be out. Whose chat one does not want to read is muted here.

import type { PlayerState, RosterEntry } from "../../sdk/index.ts";
import { find, make } from "../dom.ts";
import type { Model } from "../model.ts";
import { colourOf, css } from "../palette.ts";

/** The end of each seat that is kept for a player who is away, as far as this page has seen it. */
type Kept = ReadonlyMap<number, number>;

/** More pips than this are shown as a number. */
const PIPS_MAX = 8;
/** Players side by side at most, on screens where they are. */
const COLUMNS_MAX = 5;

/** A room with more than this is told as yourself and numbers. */
const ROWS_MAX = 12;

/** So many of a crowd that said something have a line, in which they can be muted. */
const TALKERS_MAX = 4;

/** Knowledge about a player: what is seen, or that they are elsewhere, or that they were seen to
 * be out, or that they do not take part. */
type Known = PlayerState | "unseen" | "out" | "watches" | "won";
type States = ReadonlyMap<number, Known>;

export class Players {
  readonly #list = find("players", HTMLUListElement);
  #shown = "";
  #match = 0;
  /** Players that were seen to be out of this match. */
  readonly #fallen = new Set<number>();
  /** The time until which a player who was seen to lose the connection keeps the seat. */
  readonly #keptUntilMs = new Map<number, number>();
  #here: ReadonlySet<number> = new Set();

  update(model: Model, nowMs: number): void {
    // A button that is replaced while it is down would not be pressed.
    if (this.#list.querySelector(".mute:active") !== null) return;
    const states = this.#known(model, nowMs);
    const kept = this.#kept(model, nowMs);
    const rows = [...model.roster].sort((a, b) => rank(b.id, states, model.seat) - rank(a.id, states, model.seat));
    const key = JSON.stringify([
      model.seat,
      rows,
      model.chats.length,
      rows.map((row) => [model.mutes.has(row.id), kept.get(row.id)]),
      rows.map((row) => {
        const state = states.get(row.id);
        return typeof state === "object" ? [state.health, state.life] : state;
      }),
    ]);
    if (key === this.#shown) return;
    this.#shown = key;
    const lines =
      rows.length > ROWS_MAX ? crowd(model, rows, states, kept) : rows.map((row) => line(model, row, states, kept));
    // Six are three above three, not five above one.
    const high = Math.ceil(lines.length / COLUMNS_MAX);
    this.#list.style.setProperty("--columns", String(Math.max(1, Math.ceil(lines.length / Math.max(1, high)))));
    const focused = document.activeElement?.getAttribute("data-seat");
    this.#list.replaceChildren(...lines);
    if (focused) this.#list.querySelector<HTMLElement>(`[data-seat="${focused}"]`)?.focus();
  }

  #known(model: Model, nowMs: number): States {
    if (model.match !== null && model.match.number !== this.#match) {
      this.#match = model.match.number;
      this.#fallen.clear();
    }
    const seen = new Map((model.shown(nowMs)?.players ?? []).map((player) => [player.id, player]));
    for (const { id, life } of seen.values()) if (life !== "alive") this.#fallen.add(id);
    const known = (id: number): Known => {
      const player = seen.get(id);
      if (player !== undefined) return player;
      if (!model.foggy || !model.match?.seats.includes(id)) return "watches";
      if (this.#fallen.has(id)) return "out";
      // The result tells of everybody.
      return model.result === null ? "unseen" : model.result.winner === id ? "won" : "out";
    };
    return new Map(model.roster.map(({ id }) => [id, known(id)]));
  }

  /** Seconds left. The server says when somebody is away; what it does not say is since when. */
  #kept(model: Model, nowMs: number): Kept {
    const { graceTicks, tickRate } = model.welcome;
    const away = model.roster.filter(({ connected }) => !connected);
    for (const { id } of away)
      if (this.#here.has(id) && graceTicks !== null) this.#keptUntilMs.set(id, nowMs + (graceTicks / tickRate) * 1000);
    this.#here = new Set(model.roster.filter(({ connected }) => connected).map(({ id }) => id));
    for (const id of this.#here) this.#keptUntilMs.delete(id);
    const left = (id: number) => Math.ceil(((this.#keptUntilMs.get(id) ?? 0) - nowMs) / 1000);
    return new Map(away.map(({ id }) => [id, Math.max(0, left(id))]));
  }
}

function line(model: Model, entry: RosterEntry, states: States, kept: Kept): HTMLElement {
  const { id, name, bot } = entry;
  const state = states.get(id);
  const dot = make("span", "dot");
  dot.style.background = css(colourOf(id));
  const row = make("li", "", dot, make("span", "who", name));
  if (bot) row.append(make("span", "tag", "bot"));
  if (id === model.seat) row.append(make("span", "tag you", "you"));
  row.append(make("span", "fill"));
  if (!bot && id !== model.seat) row.append(muteButton(model, entry));
  row.append(health(model, state, kept.get(id)));
  row.classList.toggle("own", id === model.seat);
  row.classList.toggle("out", state === "out" || (typeof state === "object" && state.life !== "alive"));
  return row;
}

function muteButton({ mutes }: Model, entry: RosterEntry): HTMLElement {
  const button = make("button", "mute");
  button.type = "button";
  button.dataset["seat"] = String(entry.id);
  button.title = `Mute ${entry.name}`;
  button.setAttribute("aria-label", button.title);
  button.setAttribute("aria-pressed", String(mutes.has(entry.id)));
  // Or the chat line would lose the focus, and on a narrow screen this button would vanish before
  // it is released.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", () => mutes.toggle(entry));
  return button;
}

/** Yourself and how many others there are: sixty lines that change places with every hit tell
 * nobody anything. */
function crowd(model: Model, rows: readonly RosterEntry[], states: States, kept: Kept): HTMLElement[] {
  const own = rows.find((row) => row.id === model.seat);
  const others = rows
    .filter((row) => row !== own)
    .map((row) => states.get(row.id))
    .map((state) => (typeof state === "object" ? state.life : state));
  const count = (text: string, lives: readonly string[], always = false) => {
    const number = others.filter((life) => life !== undefined && lives.includes(life)).length;
    return number === 0 && !always
      ? []
      : [make("li", "count-row", make("span", "who", text), make("span", "fill"), make("b", "", String(number)))];
  };
  const said = new Set(model.chats.map(({ from }) => from));
  const talkers = rows.filter((row) => row !== own && said.has(row.id)).slice(0, TALKERS_MAX);
  return [
    ...[...(own === undefined ? [] : [own]), ...talkers].map((row) => line(model, row, states, kept)),
    ...count("Won", ["won"]),
    ...count(model.foggy ? "In sight" : "Others", ["alive"], model.foggy),
    ...count("Unseen", ["unseen"]),
    ...count(model.foggy && model.result === null ? "Seen fall" : "Out", ["dead", "left", "out"]),
    ...count("Watching", ["watches"]),
  ];
}

/** Yourself first, then the living by health, then those out of sight, then the dead, then those
 * who only watch. */
function rank(id: number, states: States, seat: number): number {
  if (id === seat) return Number.POSITIVE_INFINITY;
  const state = states.get(id);
  if (typeof state === "object" && state.life === "alive") return state.health;
  return state === "won" ? 1 : state === "watches" ? -2 : state === "unseen" ? 0 : -1;
}

/** `kept`: seconds for which the seat of somebody away is kept, 0 if nobody knows. */
function health(model: Model, state: Known | undefined, kept: number | undefined): HTMLElement {
  if (typeof state !== "object") return make("span", "state", state ?? "");
  if (state.life !== "alive") return make("span", "state", state.life === "dead" ? "out" : "left");
  if (kept !== undefined) return make("span", "state", kept > 0 ? `away, ${kept} s` : "away");
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
      if (i < left) pip.style.background = css(colourOf(state.id));
      pips.append(pip);
    }
  }
  return pips;
}
