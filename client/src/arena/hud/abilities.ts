// The two buttons that arm a fireball or a blink, and show how far each has cooled down.

import type { Ability, Controls, RefusedIntent } from "../controls.ts";
import { find, setText } from "../dom.ts";
import type { Model } from "../model.ts";
import { readiness } from "../readiness.ts";

/** Time that a refused button shows it. */
const REFUSED_MS = 320;

interface Button {
  readonly ability: Ability;
  readonly element: HTMLButtonElement;
  readonly left: Element;
  refusedAtMs: number;
}

export class Abilities {
  readonly #buttons: readonly Button[];
  readonly #controls: Controls;

  constructor(controls: Controls, now: () => number, signal: AbortSignal) {
    this.#controls = controls;
    this.#buttons = [button("shoot", "fire"), button("blink", "blink")];
    for (const { ability, element } of this.#buttons) {
      const toggle = () => controls.arm(controls.armed === ability ? null : ability);
      // As soon as the thumb is down, and also while another finger holds a walk, which makes no
      // click.
      element.addEventListener("pointerdown", (event) => event.button === 0 && toggle(), { signal });
      // A click without a press comes from a key.
      element.addEventListener("click", (event) => event.detail === 0 && toggle(), { signal });
    }
    const off = controls.refused.subscribe(({ intent }: RefusedIntent) => {
      for (const b of this.#buttons) if (b.ability === intent) b.refusedAtMs = now();
    });
    signal.addEventListener("abort", off);
  }

  update(model: Model, nowMs: number): void {
    const ready = readiness(model, nowMs);
    for (const { ability, element, left, refusedAtMs } of this.#buttons) {
      const { share, secondsLeft } = ready[ability];
      element.style.setProperty("--ready", share.toFixed(3));
      setText(left, secondsLeft > 0.05 ? secondsLeft.toFixed(1) : "");
      element.classList.toggle("cooling", share < 1);
      element.classList.toggle("refused", nowMs - refusedAtMs < REFUSED_MS);
      const armed = this.#controls.armed === ability;
      if (element.getAttribute("aria-pressed") !== String(armed)) element.setAttribute("aria-pressed", String(armed));
      if (element.disabled === this.#controls.canAct) element.disabled = !this.#controls.canAct;
    }
  }
}

function button(ability: Ability, id: string): Button {
  const element = find(id, HTMLButtonElement);
  const left = element.querySelector(".left");
  if (left === null) throw new Error(`index.html: #${id} has no .left`);
  return { ability, element, left, refusedAtMs: Number.NEGATIVE_INFINITY };
}
