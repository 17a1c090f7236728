// Of a private room that waits for its people: the button that lets bots play meanwhile, or sends
// them away again. It must not know who comes; the server does.

import type { Room } from "../../sdk/index.ts";
import { find, setHidden, setText } from "../dom.ts";
import type { Model } from "../model.ts";

export class Company {
  readonly #button = find("company", HTMLButtonElement);
  readonly #model: Model;

  constructor(room: Room, model: Model, signal: AbortSignal) {
    this.#model = model;
    setHidden(this.#button, true);
    this.#button.addEventListener("click", () => room.bots(model.bots?.wanted !== true), { signal });
  }

  update(): void {
    const label = companyLabel(this.#model);
    if (label !== "") setText(this.#button, label);
    setHidden(this.#button, label === "");
  }
}

/** The label of the button; empty where there is none. */
export function companyLabel({ welcome, bots, phase, idle, paused }: Model): string {
  const gathers = phase === "waiting" || phase === "countdown";
  if (!gathers || welcome.code === null || idle || paused !== null || bots === null || bots.fillTo === 0) return "";
  if (bots.wanted) return "Wait for people instead";
  return phase === "waiting" ? "Play against bots meanwhile" : "";
}
