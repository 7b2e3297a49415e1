import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { Answer, Question } from '../compile/compiler.ts'
import type { Overriding } from '../overrides/overlay.ts'
import { overridden } from '../overrides/overridden.ts'
import { emptyDirectory, emptyTable } from '../publish/empty-table.ts'
import type { Publishable } from '../publish/releases.ts'
import type { Snapshot, Source } from '../sources/source.ts'
import { informed } from './informed.ts'
import type { GoodFiles, LastGood } from './last-good.ts'

export interface Needs {
  readonly source: Source
  /** Files that belong to the installation and not to the source. */
  readonly ownFiles: readonly SourceFile[]
  readonly compile: (question: Question, signal: AbortSignal) => Promise<Answer>
  /** The tools that proxies see. */
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly releases: {
    current(): readonly { readonly namespace: string; readonly overrides?: readonly string[] }[]
    publish(
      tables: ReadonlyMap<string, Publishable>,
      commit: string | null,
      directories: readonly Directory[],
    ): Promise<unknown>
  }
  readonly lastGood: LastGood
  /** What stands in place of parts of the source for a while. */
  readonly overrides: () => readonly Overriding[]
  /** Lets what compiles into force, or says why not; all of it is let in when omitted. */
  readonly admission?: Admission
  readonly report: (reconciled: Reconciled) => void
}

/** Who has a say besides the compiler. */
export interface Admission {
  /** Why a commit is not put in force, or null. */
  refusal(arrival: Arrival): Promise<Problem | null>
  /** Is told what is in force. */
  admitted(arrival: Pick<Arrival, 'commit' | 'files'>): Promise<void>
}

/** A commit that compiles. */
interface Arrival {
  readonly commit: string
  /** Files of the source alone. */
  readonly files: readonly SourceFile[]
  readonly answer: Pick<Answer, 'tables' | 'directories'>
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
  const snapshot = await needs.source.fetch(signal).catch(async error => {
    signal.throwIfAborted()
    await upholdOverrides(needs, signal)
    throw error
  })
  const commit = snapshot.commit ?? null
  const { problems, tables, directories } = await compiled(needs, snapshot, signal)
  if (tables === null) await upholdOverrides(needs, signal)
  else await publish(needs, { tables, directories }, commit)
  if (tables !== null && commit !== null) {
    await needs.admission?.admitted({ commit, files: snapshot.files })
  }
  needs.report({ commit, files: snapshot.files.length, problems, inForce: tables !== null })
  return { next: 'again', afterMs: lookAgainMs }
}

async function publish(
  { releases }: Needs,
  { tables, directories }: Pick<Answer, 'tables' | 'directories'>,
  commit: string | null,
): Promise<void> {
  const gone = goneFrom(new Map(tables), releases.current())
  await releases.publish(
    new Map([...gone.map(name => [name, emptyTable(name)] as const), ...(tables ?? [])]),
    commit,
    [...gone.map(emptyDirectory), ...directories],
  )
}

function goneFrom(
  tables: ReadonlyMap<string, Publishable>,
  current: readonly { readonly namespace: string }[],
): readonly string[] {
  return current.map(({ namespace }) => namespace).filter(namespace => !tables.has(namespace))
}

async function compiled(needs: Needs, snapshot: Snapshot, signal: AbortSignal): Promise<Answer> {
  if (snapshot.problems.some(({ severity }) => severity === 'error')) {
    return refused(snapshot.problems)
  }
  const files = [...needs.ownFiles, ...snapshot.files]
  const answer = await compiling(needs, needs.lastGood.current(), signal)(files)
  const problems = [...snapshot.problems, ...answer.problems]
  if (answer.tables === null) return refused(problems)
  const { commit = null } = snapshot
  const refusal =
    commit === null
      ? null
      : await needs.admission?.refusal({ commit, files: snapshot.files, answer })
  if (refusal) return refused([refusal, ...problems])
  const whole = await withOverrides(needs, { files, commit }, answer, signal)
  if (whole.tables !== null) needs.lastGood.keep({ files, commit })
  return { ...whole, problems: [...snapshot.problems, ...whole.problems] }
}

function refused(problems: readonly Problem[]): Answer {
  return { problems, tables: null, directories: [] }
}

/** Overrides come and go on what is in force while the source is broken or cannot be read. */
async function upholdOverrides(needs: Needs, signal: AbortSignal): Promise<void> {
  const { overrides, releases, lastGood } = needs
  const good = lastGood.current()
  const areIn = releases.current().some(({ overrides = [] }) => overrides.length > 0)
  if (good === null || (overrides().length === 0 && !areIn)) return
  const base = await compiling(needs, good, signal)(good.files)
  const answer = await withOverrides(needs, good, base, signal)
  if (answer.tables !== null) await publish(needs, answer, good.commit)
}

/** Compiles files of the source as they would be compiled if they were in force, overrides included. */
export async function compiledAsInForce(
  needs: Needs,
  files: readonly SourceFile[],
  signal: AbortSignal,
): Promise<Answer> {
  const good = { files: [...needs.ownFiles, ...files], commit: null }
  const answer = await compiling(needs, needs.lastGood.current(), signal)(good.files)
  return answer.tables === null ? answer : withOverrides(needs, good, answer, signal)
}

/** What is wrong with overrides on the files that are in force; null when nobody knows these. */
export async function checkOverrides(
  needs: Needs,
  signal: AbortSignal,
): Promise<readonly Problem[] | null> {
  const good = needs.lastGood.current()
  if (good === null) return null
  const base = await compiling(needs, good, signal)(good.files)
  if (base.tables === null) return null
  const answer = await withOverrides(needs, good, base, signal)
  return answer.tables === null ? answer.problems : []
}

function withOverrides(
  needs: Needs,
  good: GoodFiles,
  base: Answer,
  signal: AbortSignal,
): Promise<Answer> {
  const compile = compiling(needs, good, signal)
  return overridden({ ...localNames, compile, overrides: needs.overrides() }, good.files, base)
}

/** Namespaces as the compiler knows them where nobody says otherwise. */
const localNames = { fallback: 'default', systemNamespace: 'writ-system' }

function compiling({ compile, catalog }: Needs, inForce: GoodFiles | null, signal: AbortSignal) {
  const asking = {
    compile: (files: readonly SourceFile[], options: CompileOptions) =>
      compile({ files, options }, signal),
    catalog: catalog(),
    inForce: inForce?.files ?? null,
  }
  return (files: readonly SourceFile[]) => informed(asking, files)
}
