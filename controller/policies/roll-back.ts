import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Plans } from '../../schemas/plan.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { ChangedFile } from '../change/changed-file.ts'
import type { Proposal } from '../change/proposal.ts'
import { proposeChange } from '../change/propose-change.ts'
import type { PastVersion } from '../publish/past-versions.ts'
import type { Releases } from '../publish/releases.ts'
import { namespacesIn } from './namespaces-in.ts'
import { planFor } from './states.ts'
import type { WrittenPolicies } from './written-policies.ts'

export interface RollBackNeeds {
  readonly written: WrittenPolicies
  readonly releases: Pick<Releases, 'current' | 'body' | 'directories'>
}

/** What somebody asks for. */
export interface RollBack {
  readonly version: PastVersion
  readonly reason: string | undefined
  readonly by: { readonly name: string; readonly email?: string | undefined }
  /** Only shows what it would come to. */
  readonly preview: boolean
}

/** What came of it. */
export type RolledBack =
  | { readonly outcome: 'refused'; readonly why: RollBackRefusal }
  | { readonly outcome: 'broken'; readonly problems: readonly Problem[] }
  | {
      readonly outcome: 'done'
      readonly files: readonly ChangedFile[]
      readonly plan: Plans
      /** Null for a preview. */
      readonly proposal: Proposal | null
    }

/** `no_commit`: nobody knows what was written then; `commit_gone`: the commit is not here; `no_files`: policies are objects. */
export type RollBackRefusal = 'no_commit' | 'commit_gone' | 'no_files'

/**
 * Proposes to write what a namespace had at an earlier version: the files with documents of it, as they were at the commit
 * of the version. Nothing is in force by that; the plan says what would be.
 */
export async function rollBack(
  needs: RollBackNeeds,
  asked: RollBack,
  signal: AbortSignal,
): Promise<RolledBack> {
  const { written } = needs
  const { version } = asked
  if (version.commit === undefined) return { outcome: 'refused', why: 'no_commit' }
  const target = await written.target(signal)
  const now = await written.now(signal)
  if (target === null || now === null) return { outcome: 'refused', why: 'no_files' }
  const then = await written.at(version.commit.id, signal)
  if (then === null) return { outcome: 'refused', why: 'commit_gone' }
  const files = reverted(now, then, version.namespace)
  const answer = await written.compile(applied(now, files), signal)
  if (answer.tables === null) return { outcome: 'broken', problems: answer.problems }
  const plan = await planFor(needs, answer, signal)
  if (asked.preview) return { outcome: 'done', files, plan, proposal: null }
  const change = {
    source: target,
    name: nameOf(version),
    files,
    message: messageOf(asked),
    by: asked.by,
  }
  return { outcome: 'done', files, plan, proposal: await proposeChange({ signal }, change) }
}

/** The files that hold documents of the namespace, now or then, as they were then. */
function reverted(
  now: readonly SourceFile[],
  then: readonly SourceFile[],
  namespace: string,
): readonly ChangedFile[] {
  const isAbout = (file: SourceFile) => namespacesIn(file, 'default').has(namespace)
  const paths = new Set([...now, ...then].filter(isAbout).map(({ path }) => path))
  const before = new Map(now.map(({ path, text }) => [path, text]))
  const after = new Map(then.map(({ path, text }) => [path, text]))
  return [...paths]
    .sort()
    .map(path => ({ path, text: after.get(path) ?? null }))
    .filter(({ path, text }) => text !== (before.get(path) ?? null))
}

function applied(
  files: readonly SourceFile[],
  changed: readonly ChangedFile[],
): readonly SourceFile[] {
  const paths = new Set(changed.map(({ path }) => path))
  const written = changed.flatMap(({ path, text }) => (text === null ? [] : [{ path, text }]))
  return [...files.filter(({ path }) => !paths.has(path)), ...written]
}

function nameOf({ id, namespace }: PastVersion): string {
  return `rollback-${namespace}-${id}`
}

function messageOf({ version, reason, by }: RollBack): string {
  const { id, namespace, commit, publishedAt } = version
  return [
    `Roll ${namespace} back to version ${id}`,
    '',
    `As it was written at commit ${commit?.id}, in force from ${publishedAt}.`,
    ...(reason === undefined ? [] : ['', reason]),
    '',
    `Asked for by ${by.name}.`,
    '',
  ].join('\n')
}
