// Mouse and touch on the canvas, as places in the arena. It must not know what a click means beyond its button.

import type { Camera } from "./camera.ts";
import type { Controls } from "./controls.ts";

/** While the right button is held, the walk target follows the mouse, at most this often. */
const FOLLOW_MS = 90;

export function listenToPointer(
  canvas: HTMLCanvasElement,
  controls: Controls,
  camera: () => Camera,
  signal: AbortSignal,
): void {
  const place = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    return camera().toWorld(event.clientX - box.left, event.clientY - box.top);
  };
  let followedAtMs = 0;

  canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });

  canvas.addEventListener(
    "pointerdown",
    (event) => {
      event.preventDefault();
      // The click takes the focus from the chat line, so that keys play again.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      const at = place(event);
      if (event.pointerType !== "mouse") controls.act(at, "move");
      else if (event.button === 0) controls.act(at, "shoot");
      else if (event.button === 2) {
        controls.arm(null);
        controls.walk(at);
        followedAtMs = event.timeStamp;
      }
    },
    { signal },
  );

  canvas.addEventListener(
    "pointermove",
    (event) => {
      const at = place(event);
      controls.pointAt(event.pointerType === "mouse" ? at : null);
      const rightHeld = (event.buttons & 2) !== 0;
      if (rightHeld && event.timeStamp - followedAtMs >= FOLLOW_MS) {
        followedAtMs = event.timeStamp;
        controls.walk(at);
      }
    },
    { signal },
  );

  canvas.addEventListener("pointerleave", () => controls.pointAt(null), { signal });
}
