import type { LoadedTable } from '../../policy/decide/load.ts'
import { millisecondsOf } from '../mcp/upstream/duration.ts'

const preset = '25s'

/** How long a call is held for its workflows before it is parked, in milliseconds: the shortest that one of them says. */
export function patienceFor(table: LoadedTable | null, workflows: readonly string[]): number {
  const known = new Map(table?.table.workflows.map(({ name, spec }) => [name, spec]))
  const waits = workflows.map(name => {
    const spec = known.get(name)
    return spec?.mode === 'async' ? 0 : millisecondsOf(spec?.inlineWait ?? preset)
  })
  return waits.length === 0 ? 0 : Math.min(...waits)
}
