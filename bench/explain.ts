import { type Agreement, judgedThen } from '../controller/explain/judged-again.ts'
import { RandomWorld } from '../tests/controller/explain/random-records.ts'

/** Recorded calls, explained: how many as they were decided, and how long each took. */
export interface ExplainingCost extends Readonly<Record<Agreement, number>> {
  readonly tables: number
  readonly calls: number
  /** Microseconds a call, being decided and recorded included. */
  readonly each: number
}

/** Has calls judged and recorded over random tables as a proxy does, and explains each from its record. */
export function explaining(tables: number, calls: number): ExplainingCost {
  const counts = { equal: 0, same_action: 0, not_known: 0, different: 0 }
  const began = performance.now()
  for (let seed = 1; seed <= tables; seed++) {
    const world = new RandomWorld(seed)
    for (let i = 0; i < calls / tables; i++) {
      const { recorded, session } = world.next()
      counts[judgedThen(world.side, world.side.agents, recorded, session).agreement]++
    }
  }
  return { tables, calls, each: ((performance.now() - began) * 1000) / calls, ...counts }
}
