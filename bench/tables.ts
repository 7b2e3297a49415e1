import { compile } from '../policy/compile/compile.ts'
import { type LoadedTable, loading } from '../policy/decide/load.ts'
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

/** Compiles a file five times and loads its table twenty times, each in place of the one before; medians. */
export function tables(text: string): TableCost {
  const { json, times } = compiling(text)
  let inForce = loaded(json, [])
  const steps = Array.from({ length: 20 }, () => {
    const times: number[] = []
    const next = loaded(json, times)
    if (next.digest !== inForce.digest) throw new Error('another table')
    inForce = next
    return times
  })
  const longest = steps.map(times => Math.max(...times))
  const quickest = (steps[0] ?? []).map((_, i) => Math.min(...steps.map(times => times[i] ?? 0)))
  return {
    megabytes: json.length / 1e6,
    compile: median(times),
    load: median(steps.map(times => times.reduce((a, b) => a + b, 0))),
    longestStep: median(longest),
    worstStep: Math.max(...longest),
    longestWork: Math.max(...quickest),
    steps: quickest.length,
  }
}

function compiling(text: string): { readonly json: string; readonly times: readonly number[] } {
  let json = ''
  const times = Array.from({ length: 5 }, () => {
    const began = performance.now()
    json = compile([{ path: 'bench.yaml', text }]).tables?.get('default')?.json ?? ''
    return performance.now() - began
  })
  return { json, times }
}

/** Loads a table and writes down how long each step took. */
function loaded(json: string, times: number[]): LoadedTable {
  const work = loading(json)
  for (;;) {
    const began = performance.now()
    const { done, value } = work.next()
    times.push(performance.now() - began)
    if (done) return value
  }
}
