// The button that leaves. It asks whoever has something to lose.

import { find } from "../dom.ts";
import type { Model } from "../model.ts";

export class Leave {
  readonly #dialog = find("ask", HTMLDialogElement);
  readonly #model: Model;

  constructor(model: Model, leave: () => void, signal: AbortSignal) {
    this.#model = model;
    const pressed = () => (this.#costs ? this.#dialog.showModal() : leave());
    find("leave", HTMLButtonElement).addEventListener("click", pressed, { signal });
    find("go", HTMLButtonElement).addEventListener("click", leave, { signal });
    signal.addEventListener("abort", () => this.#dialog.close());
  }

  /** The match may have ended meanwhile, and the question with it. */
  update(): void {
    if (this.#dialog.open && !this.#costs) this.#dialog.close();
  }

  /** True if leaving now loses a match. */
  get #costs(): boolean {
    const { phase, self } = this.#model;
    return phase === "fighting" && self?.life === "alive";
  }
}
