// The arena as a step of the browser's history after the start screen: Back leads from one to the
// other instead of out of the page, and Forward into the arena again.

export class Step {
  #leave: (() => void) | null = null;

  /** `again`: whoever went Back comes Forward. */
  constructor(again: () => void) {
    addEventListener("popstate", () => (isInside() ? again() : this.#leave?.()));
  }

  /** The arena is shown. `leave`: whoever is in it goes Back. */
  enter(leave: () => void): void {
    this.#leave = leave;
    if (!isInside()) history.pushState({ arena: true }, "");
  }

  /** The start screen is shown, whatever led to it. */
  exit(): void {
    this.#leave = null;
    if (isInside()) history.back();
  }
}

function isInside(): boolean {
  return (history.state as { readonly arena?: boolean } | null)?.arena === true;
}
