import { isDeepStrictEqual } from 'node:util'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { Answer } from '../compile/compiler.ts'
import { emptyDirectory, emptyTable } from '../publish/empty-table.ts'
import type { Publishable } from '../publish/releases.ts'
import type { Step } from '../publish/steps.ts'
import { type OverlayOptions, type Overriding, overlay } from './overlay.ts'

export interface OverriddenNeeds extends OverlayOptions {
  readonly compile: (files: readonly SourceFile[]) => Promise<Answer>
  /** Those that stand now. */
  readonly overrides: readonly Overriding[]
  /** Namespaces whose documents are in the tables of all others. */
  readonly systemNamespace: string
}

/**
 * Compiles files with overrides upon them. What the files are by themselves is compiled as well, and what
 * they are each time when an override ends: the tables name these as what follows, so that nothing but
 * the time is needed for them to end. When one of them does not compile nothing does; `base` is what the files
 * are by themselves.
 */
export async function overridden(
  needs: OverriddenNeeds,
  files: readonly SourceFile[],
  base: Answer,
): Promise<Answer> {
  const { overrides, compile } = needs
  if (overrides.length === 0 || base.tables === null) return base
  const stages: Stage[] = []
  let standing = overrides
  while (standing.length > 0) {
    const until = Math.min(...standing.map(({ expiresAt }) => expiresAt))
    const answer = await compile(overlay(files, standing, needs))
    if (answer.tables === null) return refused(answer, stages.at(-1)?.until ?? null)
    stages.push({ answer, overrides: standing, until })
    standing = standing.filter(({ expiresAt }) => expiresAt > until)
  }
  stages.push({ answer: base, overrides: [], until: Number.POSITIVE_INFINITY })
  return joined(needs, stages)
}

/** What is in force until a time. */
interface Stage {
  readonly answer: Answer
  readonly overrides: readonly Overriding[]
  readonly until: number
}

function refused({ problems }: Answer, since: number | null): Answer {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const told = since === null ? errors : errors.map(problem => later(problem, since))
  return { problems: told, tables: null, directories: [] }
}

function later({ message, ...problem }: Problem, since: number): Problem {
  const at = new Date(since).toISOString()
  return { ...problem, message: `When an override has ended, at ${at}: ${message}` }
}

/** The tables of the first stage, each with what follows it. */
function joined(needs: OverriddenNeeds, stages: readonly Stage[]): Answer {
  const { problems = [] } = stages[0]?.answer ?? {}
  const namespaces = new Set(
    stages.flatMap(({ answer }) => (answer.tables ?? []).map(([name]) => name)),
  )
  const chains = [...namespaces].map(namespace => chainOf(needs, stages, namespace))
  return {
    problems,
    tables: chains.map(({ namespace, table }) => [namespace, table]),
    directories: chains.map(({ directory }) => directory),
  }
}

/** What is in force in a namespace now, with what follows. */
function chainOf(needs: OverriddenNeeds, stages: readonly Stage[], namespace: string) {
  const [first, ...later] = stages.map(stage => partOf(needs, stage, namespace))
  if (first === undefined) throw new TypeError('there is always a stage')
  const next: Step[] = []
  let before = first
  for (const [i, part] of later.entries()) {
    if (isDeepStrictEqual(part, before)) continue
    next.push({ at: new Date(stages[i]?.until ?? 0).toISOString(), ...part })
    before = part
  }
  const { table, directory } = first
  return { namespace, directory, table: next.length === 0 ? table : { ...table, next } }
}

/** A namespace in a stage; one that is not there allows nothing. */
function partOf(
  { systemNamespace }: OverriddenNeeds,
  { answer, overrides }: Stage,
  namespace: string,
): { readonly table: Publishable; readonly directory: Directory } {
  const { tables, directories } = answer
  const [, table = emptyTable(namespace)] = tables?.find(([name]) => name === namespace) ?? []
  const directory = directories.find(known => known.namespace === namespace)
  const ids = overrides
    .filter(({ documents }) =>
      documents.some(({ namespace: of }) => of === namespace || of === systemNamespace),
    )
    .map(({ id }) => id)
  return {
    table: ids.length === 0 ? table : { ...table, overrides: ids },
    directory: directory ?? emptyDirectory(namespace),
  }
}
