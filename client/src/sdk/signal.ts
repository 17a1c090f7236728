// One kind of news and those who listen to it. It must not know what the news is about.

export type Unsubscribe = () => void;
export type Listener<T> = (news: T) => void;

export class Signal<T> {
  readonly #listeners = new Set<Listener<T>>();

  subscribe(listener: Listener<T>): Unsubscribe {
    // A wrapper per call: the same function may listen twice and be taken off once.
    const entry: Listener<T> = (news) => listener(news);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  emit(news: T): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}
