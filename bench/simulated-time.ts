/** Things that happen at instants, in ms, one after another and as fast as they can be worked off. */
export class SimulatedTime {
  now = 0
  #stirred = false
  readonly #at: number[] = []
  readonly #what: (() => void)[] = []

  /** Has something happen after so many ms. */
  after(ms: number, what: () => void): void {
    const at = this.now + ms
    let i = this.#at.length
    this.#at.push(at)
    this.#what.push(what)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if ((this.#at[parent] ?? 0) <= at) break
      this.#swap(i, parent)
      i = parent
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise(resolve =>
      this.after(ms, () => {
        this.stir()
        resolve()
      }),
    )
  }

  /** Says that something goes on as soon as promises are heard: before the next thing happens. */
  stir(): void {
    this.#stirred = true
  }

  /** Works everything off up to an instant; what waits for promises goes on before the next thing happens. */
  async run(until: number): Promise<void> {
    while ((this.#at[0] ?? Number.POSITIVE_INFINITY) <= until) {
      this.now = this.#at[0] ?? this.now
      const what = this.#pop()
      what?.()
      if (!this.#stirred) continue
      this.#stirred = false
      await settled()
    }
    this.now = until
  }

  #pop(): (() => void) | undefined {
    this.#swap(0, this.#at.length - 1)
    this.#at.pop()
    const what = this.#what.pop()
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < this.#at.length && this.#earlier(left, least)) least = left
      if (right < this.#at.length && this.#earlier(right, least)) least = right
      if (least === i) return what
      this.#swap(i, least)
      i = least
    }
  }

  #earlier(a: number, b: number): boolean {
    return (this.#at[a] ?? 0) < (this.#at[b] ?? 0)
  }

  #swap(a: number, b: number): void {
    const [at, what] = [this.#at[a], this.#what[a]]
    const [otherAt, otherWhat] = [this.#at[b], this.#what[b]]
    if (at === undefined || what === undefined) return
    if (otherAt === undefined || otherWhat === undefined) return
    this.#at[a] = otherAt
    this.#what[a] = otherWhat
    this.#at[b] = at
    this.#what[b] = what
  }
}

/** Resolves once the promises that were settled before have been heard by everybody. */
async function settled(): Promise<void> {
  await new Promise(setImmediate)
}
