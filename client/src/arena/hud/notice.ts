// What a player has to know about the state of play, over the arena: waiting, countdown, watching, out. It must not
// cover the place where the fight is.

import { find, setHidden, setText } from "../dom.ts";
import type { Controls } from "../controls.ts";
import type { Model } from "../model.ts";

/** The server speaks at least twice a second; after this much silence the page says so. */
const SILENCE_MS = 2_500;
/** How long "Fight!" stays. */
const FIGHT_MS = 900;

export class Notice {
  readonly #notice = find("notice", HTMLElement);
  readonly #count = find("count", HTMLElement);
  readonly #announce = find("announce", HTMLElement);
  readonly #touch = matchMedia("(pointer: coarse)").matches;
  #fightAtMs = Number.NEGATIVE_INFINITY;
  #lastPhase = "";
  #lastHealth = 0;

  update(model: Model, controls: Controls, nowMs: number): void {
    if (model.phase !== this.#lastPhase) {
      if (model.phase === "fighting" && this.#lastPhase === "countdown") this.#fightAtMs = nowMs;
      this.#lastPhase = model.phase;
    }
    const text = this.#text(model, controls, nowMs);
    setText(this.#notice, text);
    setHidden(this.#notice, text === "");
    const count = this.#countText(model, nowMs);
    setText(this.#count, count);
    setHidden(this.#count, count === "");
    this.#speak(model, text, count);
  }

  #text(model: Model, controls: Controls, nowMs: number): string {
    if (nowMs - model.heardAtMs > SILENCE_MS) return "No word from the server…";
    if (model.phase === "over") return "";
    if (model.match !== null && !model.takesPart) return "You watch. You play in the next match.";
    if (model.phase === "waiting") return "Waiting for players. Bots join soon.";
    const self = model.shown(nowMs)?.players.find((player) => player.id === model.seat);
    if (self?.life === "dead") return "You are out. Watch until the match ends.";
    if (controls.armed !== null && this.#touch)
      return controls.armed === "shoot" ? "Tap where to throw" : "Tap where to blink";
    return "";
  }

  #countText(model: Model, nowMs: number): string {
    if (model.phase === "countdown") {
      const seconds = model.secondsLeft(nowMs);
      return seconds === null ? "" : String(Math.max(1, Math.ceil(seconds)));
    }
    return model.phase === "fighting" && nowMs - this.#fightAtMs < FIGHT_MS ? "Fight!" : "";
  }

  /** For those who listen instead of look. */
  #speak(model: Model, text: string, count: string): void {
    const health = model.self?.health ?? 0;
    const hit = model.phase === "fighting" && health < this.#lastHealth;
    this.#lastHealth = health;
    if (hit) setText(this.#announce, `You were hit. Health ${health}.`);
    else if (count !== "" || text !== "") setText(this.#announce, count !== "" ? count : text);
  }
}
