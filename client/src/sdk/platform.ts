// The SDK's needs from its surroundings: a WebSocket, timers, a clock, chance. It must be the
// only file that reaches for globals, so that the SDK runs in a page, in a worker, in Node, and
// under a test's own clock.

export interface SocketLike {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

export interface Platform {
  socket(url: string, subprotocol: string): SocketLike;
  /** Calls back once; the answer cancels it. */
  after(ms: number, call: () => void): () => void;
  now(): number;
  chance(): number;
  getJson(url: string): Promise<unknown>;
}

interface Globals {
  readonly WebSocket: new (url: string, subprotocol: string) => SocketLike;
  readonly performance: { now(): number };
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  fetch(url: string): Promise<{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }>;
}

/** The page's, worker's or Node's own. */
export function hostPlatform(): Platform {
  const host = globalThis as unknown as Globals;
  return {
    socket: (url, subprotocol) => new host.WebSocket(url, subprotocol),
    after(ms, call) {
      const timer = host.setTimeout(call, ms);
      return () => host.clearTimeout(timer);
    },
    now: () => host.performance.now(),
    chance: () => Math.random(),
    async getJson(url) {
      const answer = await host.fetch(url);
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
      return answer.json();
    },
  };
}
