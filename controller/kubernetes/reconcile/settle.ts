import type { SourceFile } from '../../../policy/compile/source-file.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { Answer } from '../../compile/compiler.ts'

/** Versions of objects, by path. */
export type Versions = ReadonlyMap<string, SourceFile>

export interface SettleNeeds {
  /** What is written now. */
  readonly newest: Versions
  /** What is in force, as far as it is of this namespace; with what was deleted since. */
  readonly good: Versions
  /** Compiles versions together with what is not of the namespace. */
  readonly compile: (files: readonly SourceFile[]) => Promise<Answer>
}

/** Which version of every object is to be in force, and what is wrong with those that are not. */
export interface Settled {
  /** Null when nothing compiles, so that the last good table stands. */
  readonly chosen: { readonly files: Versions; readonly answer: Answer } | null
  /** Errors by path: of the object itself, or of those that it does not compile with. */
  readonly refused: ReadonlyMap<string, readonly Problem[]>
}

/** Rounds in which only versions with errors are taken back; then all edits are. */
const mostRounds = 4

/**
 * Chooses the newest version of each object that compiles with the others. One that does not is replaced
 * by its last good version, or left out when it never had one; so are those that it breaks by that. When
 * nothing of the sort compiles, all is left as it was, with what was deleted.
 */
export async function settle({ newest, good, compile }: SettleNeeds): Promise<Settled> {
  const refused = new Map<string, readonly Problem[]>()
  let files = newest
  for (let round = 1; ; round++) {
    const answer = await compile([...files.values()])
    if (answer.tables !== null) {
      return { chosen: { files, answer }, refused: notIn(files, newest, refused) }
    }
    const errors = answer.problems.filter(({ severity }) => severity === 'error')
    const wrong = [...new Set(errors.map(({ file }) => file))]
    const edits = [...files.keys()].filter(path => isEdit(path, newest, files, good))
    const back = round < mostRounds ? blamed(edits, wrong) : edits
    const left = back.length > 0 ? back : wrong.filter(path => newest.has(path))
    for (const path of left) refused.set(path, aboutFirst(path, errors))
    if (back.length === 0) return asItWas(good, compile, refused)
    files = without(files, good, back)
  }
}

/** The edits that are wrong themselves; all of them when the errors are elsewhere. */
function blamed(edits: readonly string[], wrong: readonly string[]): readonly string[] {
  const theirs = edits.filter(path => wrong.includes(path))
  return theirs.length > 0 ? theirs : edits
}

/** Whether what is tried of an object is a version that was never in force. */
function isEdit(path: string, newest: Versions, files: Versions, good: Versions): boolean {
  const tried = files.get(path)
  return tried === newest.get(path) && tried?.text !== good.get(path)?.text
}

/** Its own errors; those of others when it has none. */
function aboutFirst(path: string, errors: readonly Problem[]): readonly Problem[] {
  const own = errors.filter(({ file }) => file === path)
  return own.length > 0 ? own : errors
}

function without(files: Versions, good: Versions, back: readonly string[]): Versions {
  const next = new Map(files)
  for (const path of back) {
    const version = good.get(path)
    if (version === undefined) next.delete(path)
    else next.set(path, version)
  }
  return next
}

function notIn(
  files: Versions,
  newest: Versions,
  refused: ReadonlyMap<string, readonly Problem[]>,
): Settled['refused'] {
  return new Map([...refused].filter(([path]) => files.get(path) !== newest.get(path)))
}

async function asItWas(
  good: Versions,
  compile: SettleNeeds['compile'],
  refused: Settled['refused'],
): Promise<Settled> {
  const answer = await compile([...good.values()])
  return { chosen: answer.tables === null ? null : { files: good, answer }, refused }
}
