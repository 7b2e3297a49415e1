import { compile } from '../policy/compile/compile.ts'
import { loading } from '../policy/decide/load.ts'
import { median } from './decide.ts'

/** What it costs to bring a table into force; times in milliseconds. */
export interface TableCost {
  readonly megabytes: number
  readonly compile: number
  readonly load: number
  /** The longest step of loading: how long a call may have to wait for it. */
  readonly longestStep: number
  /** The longest step of all rounds. */
  readonly worstStep: number
  /** The longest step by its quickest round: its own work, without the collector's. */
  readonly longestWork: number
  readonly steps: number
}

const rounds = 9

/** Compiles and loads a file several times; medians, and the median of the longest steps. */
export function tables(text: string): TableCost {
  const compiles: number[] = []
  const loads: number[] = []
  const longest: number[] = []
  let json = ''
  let quickest: readonly number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    json = compile([{ path: 'bench.yaml', text }]).tables?.get('default')?.json ?? ''
    compiles.push(performance.now() - began)
    const times = stepTimes(json)
    quickest = times.map((time, i) => Math.min(time, quickest[i] ?? time))
    loads.push(times.reduce((a, b) => a + b, 0))
    longest.push(Math.max(...times))
  }
  return {
    megabytes: json.length / 1e6,
    compile: median(compiles),
    load: median(loads),
    longestStep: median(longest),
    worstStep: Math.max(...longest),
    longestWork: Math.max(...quickest),
    steps: quickest.length,
  }
}

function stepTimes(json: string): readonly number[] {
  const work = loading(json)
  const times: number[] = []
  for (;;) {
    const began = performance.now()
    const { done } = work.next()
    times.push(performance.now() - began)
    if (done) return times
  }
}
