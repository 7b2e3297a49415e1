import type { At, RuleTable } from '../../schemas/rule-table.ts'
import type { Releases } from '../publish/releases.ts'
import { type Caller, sees } from './caller.ts'

/** The tables in force in the namespaces that a caller sees, by namespace; only one of them when it is named. */
export async function tablesSeen(
  releases: Pick<Releases, 'current' | 'body'>,
  caller: Caller,
  namespace: string | undefined,
): Promise<readonly RuleTable[]> {
  const seen = releases
    .current()
    .filter(release => sees(caller, release.namespace))
    .filter(release => namespace === undefined || release.namespace === namespace)
    .sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
  const bodies = await Promise.all(seen.map(({ digest }) => releases.body(digest)))
  return bodies.flatMap(body => (body === null ? [] : [JSON.parse(body) as RuleTable]))
}

/** Where something of a table is written. */
export function placeIn({ files }: RuleTable, [index, line, column]: At) {
  const { path = '', commit } = files[index] ?? {}
  return { file: path, line, column, ...(commit !== undefined && { commit }) }
}
