// The way out for whoever is out of a fight, or only watches one: a button that leaves, and plays
// in a match that begins. It must not leave by itself.

import { find, setHidden, setText } from "../dom.ts";
import type { Model } from "../model.ts";

export class Again {
  readonly #button = find("again", HTMLButtonElement);

  constructor(leave: () => void, signal: AbortSignal) {
    setHidden(this.#button, true);
    this.#button.addEventListener("click", leave, { signal });
  }

  update(model: Model, nowMs: number): void {
    setText(this.#button, model.takesPart ? "Leave and play again" : "Leave and play elsewhere");
    setHidden(this.#button, !mayPlayElsewhere(model, nowMs));
  }
}

/** In a private room the others are those one wants to play with. */
export function mayPlayElsewhere(model: Model, nowMs: number): boolean {
  if (model.phase !== "fighting" || model.welcome.code !== null) return false;
  return !model.takesPart || model.shownSelf(nowMs)?.life === "dead";
}
