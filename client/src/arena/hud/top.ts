// The line above the arena: mode and match, phase and time, who is still standing.

import { find, setText } from "../dom.ts";
import type { Model } from "../model.ts";

export class Top {
  readonly #where = find("where", HTMLElement);
  readonly #phase = find("phase", HTMLElement);
  readonly #alive = find("alive", HTMLElement);

  update(model: Model, nowMs: number): void {
    const { mode } = model.welcome;
    setText(this.#where, model.match === null ? title(mode) : `${title(mode)} · match ${model.match.number}`);
    setText(this.#phase, phaseText(model, nowMs));
    this.#phase.dataset["phase"] = model.phase;
    const alive = model.shown(nowMs)?.players.filter((player) => player.life === "alive").length ?? 0;
    setText(this.#alive, model.phase === "fighting" ? `${alive} standing` : `${model.roster.length} here`);
  }
}

/** A mode's name as a title. */
export function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function phaseText(model: Model, nowMs: number): string {
  const seconds = model.secondsLeft(nowMs);
  switch (model.phase) {
    case "waiting":
      return "Waiting";
    case "countdown":
      return "Get ready";
    case "fighting":
      return seconds === null ? "Fight" : clock(seconds);
    case "over":
      return "Over";
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
