// The notices over the arena, which a player has to know about the state of play: waiting,
// countdown, watching, out, and for whom a match waits. It must not cover the place where the fight
// is.

import type { Paused, Phase, Result } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";
import type { Controls } from "../controls.ts";
import type { Model } from "../model.ts";
import { isOutside } from "../zone.ts";
import { resultLine } from "./result.ts";

/** The server speaks at least twice a second; after this much silence the page says so. */
const SILENCE_MS = 2_500;
/** Time that "Fight!" stays. */
const FIGHT_MS = 900;
/** So long before the zone begins to close the page says so. */
const CLOSES_SOON_S = 10;
/** So many of those who are missing are named. */
const NAMES_MAX = 3;

export class Notice {
  readonly #notice = find("notice", HTMLElement);
  readonly #count = find("count", HTMLElement);
  readonly #announce = find("announce", HTMLElement);
  readonly #touch = matchMedia("(pointer: coarse)").matches;
  #fightAtMs = Number.NEGATIVE_INFINITY;
  #lastPhase: Phase | null = null;
  #lastHealth = 0;
  #lastResult: Result | null = null;

  /** `watched`: whom the camera follows instead of yourself. */
  update(model: Model, controls: Controls, watched: number | null, nowMs: number): void {
    if (model.phase !== this.#lastPhase) {
      if (model.phase === "fighting" && this.#lastPhase === "countdown") this.#fightAtMs = nowMs;
      this.#lastPhase = model.phase;
    }
    const burning = burns(model, nowMs);
    const text = this.#text(model, controls, watched, burning, nowMs);
    setText(this.#notice, text);
    setHidden(this.#notice, text === "");
    this.#notice.classList.toggle("danger", burning);
    const count = this.#countText(model, nowMs);
    setText(this.#count, count);
    setHidden(this.#count, count === "");
    this.#speak(model, burning, text, count);
  }

  #text(model: Model, controls: Controls, watched: number | null, burning: boolean, nowMs: number): string {
    if (nowMs - model.heardAtMs > SILENCE_MS) return "No word from the server…";
    if (model.paused !== null) return pausedText(model, model.paused);
    // The result has a banner of its own.
    if (model.phase === "over") return "";
    if (isAsleep(model)) return this.#touch ? "Still there? Tap to play." : "Still there? Click to play.";
    if (model.timeline.newest === null) return "";
    if (model.phase === "waiting") return waitingText(model);
    const whom = watched === null ? "" : ` ${model.nameOf(watched)}`;
    if (model.match !== null && !model.takesPart) return `You watch${whom}. You play in the next match.`;
    if (model.shownSelf(nowMs)?.life === "dead")
      return whom === "" ? "You are out. Watch until the match ends." : `You are out. You watch${whom}.`;
    if (burning) return "You burn: get into the circle!";
    if (controls.armed !== null && this.#touch)
      return controls.armed === "shoot" ? "Tap where to throw" : "Tap where to blink";
    if (this.#touch && !controls.hasWalked && model.self?.life === "alive") return "Tap where to walk";
    const waitsS = model.phase === "fighting" ? (model.zone(nowMs)?.waitsS ?? 0) : 0;
    return waitsS > 0 && waitsS <= CLOSES_SOON_S ? `The circle closes in ${Math.ceil(waitsS)} s` : "";
  }

  #countText(model: Model, nowMs: number): string {
    if (model.paused !== null) return String(Math.ceil(model.secondsOfPause(nowMs)));
    if (model.phase === "countdown") {
      const seconds = model.secondsLeft(nowMs);
      return seconds === null ? "" : String(Math.max(1, Math.ceil(seconds)));
    }
    return model.phase === "fighting" && nowMs - this.#fightAtMs < FIGHT_MS ? "Fight!" : "";
  }

  /** For those who listen instead of look. */
  #speak(model: Model, burning: boolean, text: string, count: string): void {
    const { paused, phase, result } = model;
    if (result !== this.#lastResult) {
      this.#lastResult = result;
      const out = model.self?.life === "dead" ? "You are out. " : "";
      if (result !== null) setText(this.#announce, out + resultLine(model, result));
    }
    if (result !== null) return;
    const health = model.self?.health ?? 0;
    const hit = phase === "fighting" && health < this.#lastHealth;
    this.#lastHealth = health;
    if (hit) setText(this.#announce, burning ? `${text} Health ${health}.` : `You were hit. Health ${health}.`);
    else if (burning) return;
    else if (phase === "countdown" && paused === null && model.takesPart) setText(this.#announce, foundText(model));
    else if (count !== "" || text !== "") setText(this.#announce, count !== "" && paused === null ? count : text);
  }
}

/** Returns whether this seat watches because it did nothing. It is told so with the end of a fight,
 * before that end is seen. */
export function isAsleep({ idle, takesPart, phase }: Model): boolean {
  return idle && !(takesPart && phase === "fighting");
}

/** Returns whether this seat stands outside the zone, by what is on the canvas. */
function burns(model: Model, nowMs: number): boolean {
  const self = model.shownSelf(nowMs);
  const zone = model.phase === "fighting" ? model.zone(nowMs) : null;
  if (self?.life !== "alive" || zone === null) return false;
  const { x, y } = model.motions.placeAt(self, Math.floor(model.clock.renderTick(nowMs) ?? 0));
  return isOutside(zone, x, y);
}

/** Whom the match waits for, after the server came back. */
export function pausedText(model: Model, { missing }: Paused): string {
  const names = missing.slice(0, NAMES_MAX).map((id) => model.nameOf(id));
  const others = missing.length - names.length;
  if (others > 0) names.push(others === 1 ? "one other" : `${others} others`);
  const last = names.pop();
  return `The server came back. Waiting for ${names.length > 0 ? `${names.join(", ")} and ` : ""}${last}…`;
}

export function waitingText(model: Model): string {
  // A newcomer is let in with the next tick.
  const here = model.match?.seats.length || 1;
  const { bots, welcome } = model;
  const invites = welcome.code === null || bots?.wanted ? "" : " Invite them with the code or the link.";
  // Older servers do not say it.
  const comes = (bots?.wanted ?? true) ? " Bots join soon." : invites;
  return `Waiting for players: ${here} of ${welcome.rules.fight_at}.${comes}`;
}

function foundText(model: Model): string {
  const others = (model.match?.seats.length ?? 1) - 1;
  return `Match found: you and ${others === 1 ? "one other" : `${others} others`}. Get ready.`;
}
