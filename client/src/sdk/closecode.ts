// The meaning of a close code for the client. Pure; it must say the same as the table in
// docs/protocol.md.

/** The way to go on after a connection has closed. */
export type Return =
  /** Do not come back by itself. `reload` says that a new copy of the page may help. */
  | { readonly kind: "stay_away"; readonly message: string; readonly reload: boolean }
  /** Come back with the resume token; wait at least so long, by back-off if longer. */
  | { readonly kind: "resume"; readonly message: string; readonly leastWaitMs: number }
  /** Come back with a new hello, and wait as with `resume`. */
  | { readonly kind: "new_hello"; readonly message: string; readonly leastWaitMs: number };

/** `reason` is what the close frame says, `chance` is from 0 to 1. */
export function afterClose(code: number, reason: string, chance: number): Return {
  switch (code) {
    case 1000:
      return stayAway("You left.");
    case 1002:
    case 1003:
    case 1007:
    case 1009:
      return stayAway("The server did not understand this page.", true);
    case 1008:
      return stayAway("The server refuses this connection.");
    case 1011:
      return { kind: "new_hello", message: "The room failed, and its match is lost.", leastWaitMs: 1000 };
    case 1012:
      return resume("The server is restarting.", backInMs(reason) ?? 500 + 2500 * chance);
    case 1013:
      return resume(tryLater(reason), 5000);
    case 4001:
      return { kind: "new_hello", message: "Your seat's token is no longer valid.", leastWaitMs: 0 };
    case 4004:
      return stayAway("This page is older than the server.", true);
    case 4008:
      return resume("Too many messages in a short time.", 5000);
    case 4009:
      return stayAway("This seat is now played from another connection.");
    case 4010:
      return resume("Your connection was too slow.", 0);
    case 4011:
      return stayAway("The server did not understand this page.", true);
    case 4012:
      return stayAway("You did nothing for a while, so your seat was given up.");
    default:
      return resume("The connection was lost.", 0);
  }
}

/** A server that stops tells its clients different times, so that they do not all come at once. */
function backInMs(reason: string): number | null {
  const told = /back in (\d{1,5}) ms$/.exec(reason)?.[1];
  return told === undefined ? null : Number(told);
}

/** One code for all that may be better in a while. */
function tryLater(reason: string): string {
  if (/too many seats/.test(reason)) return "Too many players come from your network.";
  return reason === "" || /\bfull\b/.test(reason) ? "The server is full." : "The server cannot go on here at the moment.";
}

function stayAway(message: string, reload = false): Return {
  return { kind: "stay_away", message, reload };
}

function resume(message: string, leastWaitMs: number): Return {
  return { kind: "resume", message, leastWaitMs };
}
