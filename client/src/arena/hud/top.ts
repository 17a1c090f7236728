// The line above the arena: mode and match, phase and time, how many are still standing, if one can
// know, or that the network is late.

import { find, setText } from "../dom.ts";
import type { Model } from "../model.ts";

/** The server speaks twice a second. */
const LATE_S = 1;

export class Top {
  readonly #where = find("where", HTMLElement);
  readonly #phase = find("phase", HTMLElement);
  readonly #alive = find("alive", HTMLElement);

  update(model: Model, nowMs: number): void {
    const { mode } = model.welcome;
    setText(this.#where, model.match === null ? title(mode) : `${title(mode)} · match ${model.match.number}`);
    setText(this.#phase, phaseText(model, nowMs));
    this.#phase.dataset["phase"] = model.phase ?? "";
    const late = lateText(model, nowMs);
    setText(this.#alive, late === "" ? countText(model, nowMs) : late);
    this.#alive.classList.toggle("late", late !== "");
    this.#alive.title = late === "" ? "" : "For so long nothing has come from the server.";
  }
}

/** That the network is slower than it has to be. Empty while it is not. */
export function lateText(model: Model, nowMs: number): string {
  const silentS = (nowMs - model.heardAtMs) / 1000;
  return silentS > LATE_S ? `late ${silentS.toFixed(1)} s` : "";
}

/** The number of players, and in a fight that is seen whole, of those that are left. */
export function countText(model: Model, nowMs: number): string {
  if (model.phase === null) return "";
  if (model.phase !== "fighting") return `${model.roster.length} here`;
  if (model.foggy) return `${model.match?.seats.length ?? 0} players`;
  return `${model.shown(nowMs)?.players.filter((player) => player.life === "alive").length ?? 0} standing`;
}

/** A mode's name as a title. */
export function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function phaseText(model: Model, nowMs: number): string {
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
    case null:
      return "";
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
