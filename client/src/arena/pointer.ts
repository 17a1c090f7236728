// Mouse and touch on the canvas, as places in the arena. It must not know what a click means beyond its button.

import type { Camera } from "./camera.ts";
import type { Controls } from "./controls.ts";

/** While the right button or a finger is held, the walk target follows it, this often. */
const FOLLOW_MS = 60;
/** Bits of `buttons`: the left button or a finger, and the right button. */
const MAIN = 1;
const SECOND = 2;

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
  const isMouse = (event: PointerEvent) => event.pointerType === "mouse";
  /** The pointer whose press began a walk. */
  let walking: number | null = null;
  let newest: PointerEvent | null = null;
  const walk = (event: PointerEvent) => {
    newest = null;
    controls.walk(place(event));
  };
  /** The last place counts, also when the pointer stops there at once. */
  const follow = (event: PointerEvent) => {
    if (newest === null) {
      setTimeout(() => {
        if (newest !== null && !signal.aborted) walk(newest);
      }, FOLLOW_MS);
    }
    newest = event;
  };
  const press = (event: PointerEvent) => {
    if (isMouse(event) && event.button === 2) controls.arm(null);
    if (controls.armed === null && (!isMouse(event) || event.button === 2)) {
      walking = event.pointerId;
      walk(event);
    } else if (event.button === 0) controls.act(place(event), "shoot");
  };
  const move = (event: PointerEvent) => {
    controls.pointAt(isMouse(event) ? place(event) : null);
    // A button that goes down while another is held comes as a move: one throws while one walks.
    if (event.button === 0 && (event.buttons & MAIN) !== 0) press(event);
    else if (event.button === 2 && (event.buttons & SECOND) !== 0) press(event);
    else if (event.pointerId === walking && (event.buttons & (isMouse(event) ? SECOND : MAIN)) !== 0) follow(event);
  };

  canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      event.preventDefault();
      // The click takes the focus from the chat line, so that keys play again.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      press(event);
    },
    { signal },
  );
  canvas.addEventListener("pointermove", move, { signal });
  canvas.addEventListener(
    "pointerup",
    (event) => {
      if (event.pointerId === walking) walking = null;
    },
    { signal },
  );
  canvas.addEventListener("pointercancel", () => (walking = null), { signal });
  canvas.addEventListener("pointerleave", () => controls.pointAt(null), { signal });
}
