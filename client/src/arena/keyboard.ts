// The keys of the game. It must leave keys alone while somebody types, and those with a modifier to
// the browser.

import type { Controls } from "./controls.ts";

export interface KeyActions {
  openChat(): void;
  rematch(): void;
}

export function listenToKeys(controls: Controls, actions: KeyActions, signal: AbortSignal): void {
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target) || isAsked()) return;
    switch (event.key.toLowerCase()) {
      case "q":
        controls.arm("shoot");
        return;
      case "f":
        controls.arm("blink");
        return;
      case "s":
        controls.stop();
        return;
      case "r":
        actions.rematch();
        return;
      case "escape":
        controls.arm(null);
        return;
      case "enter":
        if (event.target instanceof HTMLButtonElement) return;
        event.preventDefault();
        actions.openChat();
        return;
    }
  };
  document.addEventListener("keydown", onKey, { signal });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Returns whether a dialog has the keys. */
function isAsked(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
