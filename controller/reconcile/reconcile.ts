import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { Answer, Question } from '../compile/compiler.ts'
import { emptyDirectory, emptyTable } from '../publish/empty-table.ts'
import type { Publishable } from '../publish/releases.ts'
import type { Snapshot, Source } from '../sources/source.ts'
import { informed } from './informed.ts'
import type { LastGood } from './last-good.ts'

export interface Needs {
  readonly source: Source
  /** Files that belong to the installation and not to the source. */
  readonly ownFiles: readonly SourceFile[]
  readonly compile: (question: Question, signal: AbortSignal) => Promise<Answer>
  /** The tools that proxies see. */
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly releases: {
    current(): readonly { readonly namespace: string }[]
    publish(
      tables: ReadonlyMap<string, Publishable>,
      commit: string | null,
      directories: readonly Directory[],
    ): Promise<unknown>
  }
  readonly lastGood: LastGood
  readonly report: (reconciled: Reconciled) => void
}

/** What was found in the source, and whether it is in force. */
export interface Reconciled {
  readonly commit: string | null
  readonly files: number
  readonly problems: readonly Problem[]
  /** False when the source does not compile: the last good tables stand. */
  readonly inForce: boolean
}

/** What a finished reconcile asks of the loop. A thrown failure asks for a retry instead. */
export type Outcome = { readonly next: 'again'; readonly afterMs: number }

/** Changes wake the loop; this is for those that nothing tells of. */
const lookAgainMs = 10_000

/**
 * Makes the published tables match the source. Looks at the world as it is now, never at the event that
 * woke it, so running it twice is the same as once. A source that does not compile leaves the last good
 * tables in force; a namespace that is gone from the source gets a table that allows nothing.
 */
export async function reconcile(needs: Needs, signal: AbortSignal): Promise<Outcome> {
  const snapshot = await needs.source.fetch(signal)
  const { problems, tables, directories } = await compiled(needs, snapshot, signal)
  const commit = snapshot.commit ?? null
  if (tables !== null) {
    const gone = goneFrom(new Map(tables), needs.releases.current())
    await needs.releases.publish(
      new Map([...gone.map(name => [name, emptyTable(name)] as const), ...tables]),
      commit,
      [...gone.map(emptyDirectory), ...directories],
    )
  }
  needs.report({ commit, files: snapshot.files.length, problems, inForce: tables !== null })
  return { next: 'again', afterMs: lookAgainMs }
}

function goneFrom(
  tables: ReadonlyMap<string, Publishable>,
  current: readonly { readonly namespace: string }[],
): readonly string[] {
  return current.map(({ namespace }) => namespace).filter(namespace => !tables.has(namespace))
}

async function compiled(needs: Needs, snapshot: Snapshot, signal: AbortSignal): Promise<Answer> {
  if (snapshot.problems.length > 0) {
    return { problems: snapshot.problems, tables: null, directories: [] }
  }
  const files = [...needs.ownFiles, ...snapshot.files]
  const answer = await informed(
    {
      compile: (files, options) => needs.compile({ files, options }, signal),
      catalog: needs.catalog(),
      inForce: needs.lastGood.files(),
    },
    files,
  )
  if (answer.tables !== null) needs.lastGood.keep(files)
  return answer
}
