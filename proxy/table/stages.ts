import type { TableRelease } from '../../schemas/table-release.ts'
import { checkTable } from './check-table.ts'
import type { InForce } from './tables.ts'

/** The tables of a release, each checked, in the order in which their time comes. */
export type Stages = readonly [Stage, ...Stage[]]

interface Stage {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly inForce: InForce
}

/** Every digest that a release names. */
export function digestsOf({ digest, next = [] }: TableRelease): readonly string[] {
  return [...new Set([digest, ...next.map(step => step.digest)])]
}

/**
 * Checks every table of a release, also those whose time is still to come: a release is taken whole or not
 * at all. Rejects with a TableFailure.
 */
export async function loadStages(
  release: TableRelease,
  bytesOf: (digest: string) => Promise<Buffer>,
): Promise<Stages> {
  const load = async (digest: string): Promise<InForce> => {
    const loaded = await checkTable({ ...release, digest }, await bytesOf(digest))
    return { ...loaded, release }
  }
  const first = { from: Number.NEGATIVE_INFINITY, inForce: await load(release.digest) }
  const later: Stage[] = []
  for (const { at, digest } of release.next ?? []) {
    later.push({ from: Date.parse(at), inForce: await load(digest) })
  }
  return [first, ...later]
}

/** What is left from a time on, beginning with the table whose time it is: none comes again when the clock goes back. */
export function stagesFrom(stages: Stages, now: number): Stages {
  const index = stages.findLastIndex(({ from }) => from <= now)
  const [first = stages[0], ...later] = stages.slice(Math.max(0, index))
  return [first, ...later]
}
