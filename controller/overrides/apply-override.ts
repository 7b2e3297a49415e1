import type { SourceFile } from '../../policy/compile/source-file.ts'
import { readDocuments } from '../../policy/compile/yaml/read-documents.ts'
import { redactText } from '../../records/redact/redact.ts'
import type { Override, OverrideRequest } from '../../schemas/override.ts'
import type { Problem } from '../../schemas/problem.ts'
import { type DocumentName, documentsIn, keyOf } from './documents.ts'
import type { Overriding } from './overlay.ts'
import {
  type ApplyRefusal,
  type OverrideActor,
  overrideId,
  type StoredOverrides,
  type WantedOverride,
} from './stored-overrides.ts'

export interface ApplyOverrideNeeds {
  readonly overrides: StoredOverrides
  /** What is wrong with overrides on what is in force; null when that cannot be compiled anew now. */
  readonly check: (
    overrides: readonly Overriding[],
    signal: AbortSignal,
  ) => Promise<readonly Problem[] | null>
  readonly now: () => number
}

/** What became of an override that somebody wanted. */
export type Applied =
  | { readonly outcome: 'applied'; readonly override: Override }
  /** Nothing is different: there are errors. */
  | { readonly outcome: 'broken'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'refused'; readonly why: ApplyRefusal | 'not_compilable' }

/** How often it is compiled anew because others were applied meanwhile. */
const attempts = 5

/**
 * Applies documents on what is in force until a time, when they compile with it and with the other
 * overrides, and what is left each time one of them ends compiles as well.
 */
export async function applyOverride(
  needs: ApplyOverrideNeeds,
  { documents: text, file, namespace = 'default', ttlSeconds, reason }: OverrideRequest,
  by: OverrideActor,
  signal: AbortSignal,
): Promise<Applied> {
  const own = { path: file ?? 'override.yaml', text, namespace }
  const documents = documentsIn(own, namespace).map(({ kind, namespace, name }) => ({
    kind,
    namespace,
    name,
  }))
  const wrong = ownProblems(own, documents)
  if (wrong.length > 0) return { outcome: 'broken', problems: wrong }
  const wanted = {
    ...{ id: overrideId(), text, namespace, documents },
    reason: redactText(reason),
  }
  for (let attempt = 1; ; attempt += 1) {
    const expiresAt = needs.now() + ttlSeconds * 1000
    const applied = await attemptOnce(needs, { ...wanted, expiresAt }, own, by, signal)
    const isLate = applied.outcome === 'refused' && applied.why === 'changed_meanwhile'
    if (!isLate || attempt === attempts) return applied
    await needs.overrides.look()
  }
}

async function attemptOnce(
  { overrides, check }: ApplyOverrideNeeds,
  wanted: WantedOverride,
  file: SourceFile,
  by: OverrideActor,
  signal: AbortSignal,
): Promise<Applied> {
  const { id, documents, expiresAt } = wanted
  const standing = overrides.standing()
  if (isTaken(documents, standing)) return { outcome: 'refused', why: 'overridden_already' }
  const problems = await check([...standing, { id, file, documents, expiresAt }], signal)
  if (problems === null) return { outcome: 'refused', why: 'not_compilable' }
  if (problems.length > 0) return { outcome: 'broken', problems }
  const compiledWith = standing.map(({ id }) => id)
  const applied = await overrides.apply(wanted, compiledWith, by)
  return typeof applied === 'string'
    ? { outcome: 'refused', why: applied }
    : { outcome: 'applied', override: applied }
}

/** Whether one of the documents is overridden already. */
function isTaken(documents: readonly DocumentName[], standing: readonly Overriding[]): boolean {
  const taken = new Set(standing.flatMap(({ documents }) => documents.map(keyOf)))
  return documents.some(document => taken.has(keyOf(document)))
}

/** What keeps documents from being an override at all. */
function ownProblems(file: SourceFile, documents: readonly DocumentName[]): readonly Problem[] {
  const at = { severity: 'error', file: file.path, line: 1, column: 1 } as const
  const read = readDocuments(file)
  const errors = read.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) return errors
  const isWhole = documents.length > 0 && documents.length === read.documents.length
  if (!isWhole) return [{ ...at, ...notKinds }]
  if (documents.some(({ kind }) => kind === 'PolicySource')) return [{ ...at, ...source }]
  const twice = documents.find((document, i) =>
    documents.slice(0, i).some(other => keyOf(other) === keyOf(document)),
  )
  if (twice === undefined) return []
  return [{ ...at, code: 'duplicate_name', message: `${keyOf(twice)} is in it twice.` }]
}

const notKinds = {
  code: 'not_a_resource',
  message: 'Every document of an override has a kind and a name.',
  suggestion: 'Write apiVersion, kind, metadata and spec; portable files cannot be overridden.',
}

const source = {
  code: 'kind_not_overridable',
  message: 'A PolicySource cannot be overridden: what it let in would outlast it.',
}
