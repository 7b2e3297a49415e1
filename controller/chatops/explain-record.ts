import type { Kysely, Selectable } from 'kysely'
import { fenced } from '../channels/fenced.ts'
import { oneLine } from '../channels/printable.ts'
import type { Database } from '../store/database.ts'
import type { RecordRow as Row } from '../store/record-rows.ts'
import type { Answering } from './answer-question.ts'
import type { ExplainedCall } from './command.ts'

type RecordRow = Selectable<Row>

/**
 * Says of a recorded call what was decided, and by which rule. Arguments are left out, for everybody who may
 * read the thread reads it.
 */
export function explainRecord(db: Kysely<Database>): Answering<'explain'> {
  return async ({ command, people }) => {
    const row = await recordOf(db, command.of, [...people.keys()])
    return row === undefined ? null : fenced(linesOf(row).join('\n'))
  }
}

async function recordOf(
  db: Kysely<Database>,
  of: ExplainedCall,
  namespaces: readonly string[],
): Promise<RecordRow | undefined> {
  if (namespaces.length === 0) return undefined
  const records = db.selectFrom('records').selectAll().where('namespace', 'in', namespaces)
  const one =
    'request' in of
      ? records.where('approval', '=', of.request).orderBy('time', 'desc').orderBy('seq', 'desc')
      : records.where('proxy', '=', of.proxy).where('seq', '=', of.seq)
  return one.limit(1).executeTakeFirst()
}

function linesOf(row: RecordRow): readonly string[] {
  const { file, line } = placeIn(row.entry)
  const called = row.tool ?? row.model ?? row.uri ?? row.prompt
  const facts: readonly (readonly [string, string | null])[] = [
    ['Record', `${row.proxy}:${row.seq}, ${row.phase}, ${row.time.toISOString()}`],
    ['Agent', `${row.agent ?? 'nobody'} of namespace ${row.namespace}`],
    ['Call', [row.kind, row.server, called].filter(Boolean).join(' / ')],
    ['Decided', `${row.action}, ${row.reason}`],
    ['Rule', [row.policy, row.rule].filter(Boolean).join(' / ')],
    ['Written in', file === '' ? null : `${file}:${line}`],
    ['Commit', row.commit_id],
    ['Table', row.table_digest],
    ['Approval', row.approval],
    ['Ended', row.status],
  ]
  return facts.flatMap(([name, text]) => (text ? [`${name}: ${oneLine(text, 500)}`] : []))
}

function placeIn(entry: string): { readonly file: string; readonly line: number } {
  const { at } = JSON.parse(entry) as { at?: { file?: unknown; line?: unknown } }
  return { file: String(at?.file ?? ''), line: Number(at?.line ?? 0) }
}
