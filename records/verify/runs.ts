/** Runs of numbers: all of them counted, the first twenty named. */
export interface RunsReport {
  readonly numbers: number
  readonly first: readonly { readonly from: number; readonly to: number }[]
}

const mostNamed = 20

/** Counts runs of numbers. */
export class Runs {
  #numbers = 0
  readonly #first: { from: number; to: number }[] = []

  /** Both ends are included. */
  add(from: number, to: number): void {
    this.#numbers += to - from + 1
    const last = this.#first.at(-1)
    if (last !== undefined && last.to === from - 1) last.to = to
    else if (this.#first.length < mostNamed) this.#first.push({ from, to })
  }

  report(): RunsReport {
    return { numbers: this.#numbers, first: this.#first.map(run => ({ ...run })) }
  }
}
