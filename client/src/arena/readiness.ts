// The state of the own abilities' cooldowns. Pure, from the server's word on when they are ready.

import type { Ability } from "./controls.ts";
import type { Model } from "./model.ts";

export interface Ready {
  /** From 0 (just used) to 1 (ready). */
  readonly share: number;
  readonly secondsLeft: number;
}

export function readiness(model: Model, nowMs: number): Readonly<Record<Ability, Ready>> {
  const { rules, tickRate } = model.welcome;
  const tick = model.clock.serverTick(nowMs);
  const ready = (readyTick: number | undefined, cooldownS: number): Ready => {
    if (tick === null || readyTick === undefined) return { share: 1, secondsLeft: 0 };
    const secondsLeft = Math.max(0, (readyTick - tick) / tickRate);
    return { share: cooldownS <= 0 ? 1 : Math.min(1, Math.max(0, 1 - secondsLeft / cooldownS)), secondsLeft };
  };
  return {
    shoot: ready(model.private?.fireballReady, rules.fireball_cooldown_s),
    blink: ready(model.private?.blinkReady, rules.blink_cooldown_s),
  };
}
