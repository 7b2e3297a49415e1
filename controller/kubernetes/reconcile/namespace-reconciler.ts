import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Answer } from '../../compile/compiler.ts'
import { ControllerFailure } from '../../failure.ts'
import type { Overriding } from '../../overrides/overlay.ts'
import { emptyDirectory, emptyTable } from '../../publish/empty-table.ts'
import type { AppliedSource } from '../../publish/publication.ts'
import type { Publishable } from '../../publish/releases.ts'
import { informed } from '../../reconcile/informed.ts'
import type { Fence } from '../../store/fence.ts'
import type { GoodObject } from '../last-good-objects.ts'
import type { WritObject } from '../objects.ts'
import { contested } from './claimed-keys.ts'
import { catalogOf, type NamespaceCompiler } from './compile-namespace.ts'
import type { GoodVersions } from './good-versions.ts'
import { type CommitOf, fileFrom, pathOfObject, pathOfVersion, versionOf } from './object-file.ts'
import { type Settled, settle } from './settle.ts'
import type { Verdict, Verdicts } from './verdicts.ts'
import { overriddenPaths, withOverrides } from './with-overrides.ts'

export interface NamespaceReconcilerNeeds {
  readonly systemNamespace: string
  readonly objectsIn: (namespace: string) => readonly WritObject[]
  /** Tools as proxies see them. */
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly compile: NamespaceCompiler
  readonly good: GoodVersions
  /** What stands in place of objects for a while. */
  readonly overrides: () => readonly Overriding[]
  /** The commit that a version is from; its generation when omitted. */
  readonly commitOf?: CommitOf
  /** The sources whose objects are in the table of a namespace; none when omitted. */
  readonly sourcesOf?: (namespace: string) => readonly AppliedSource[]
  readonly verdicts: Pick<Verdicts, 'put'>
  readonly releases: {
    current(): readonly { readonly namespace: string }[]
    publish(
      tables: ReadonlyMap<string, Publishable>,
      commit: null,
      directories: readonly Directory[],
      fence: Fence,
    ): Promise<unknown>
  }
  readonly fence: Fence
  /**
   * Whether the namespace is there to stay, asked when objects are gone: it loses them one by one when it
   * is deleted. Rejects while all objects of a kind are being deleted, of which some are no longer there.
   */
  readonly isStaying: (namespace: string, gonePlurals: readonly string[]) => Promise<boolean>
}

/** Makes the table of a namespace match its objects; returns whether anything in force is different by now. */
export type NamespaceReconciler = (namespace: string, signal: AbortSignal) => Promise<boolean>

/**
 * Looks at a namespace as it is now, never at the event that told of it, so that twice is the same as
 * once. What does not compile leaves the last good versions in force; a namespace that is being deleted, or
 * has no objects, gets the table that allows nothing.
 */
export function namespaceReconciler(needs: NamespaceReconcilerNeeds): NamespaceReconciler {
  const { good, fence, verdicts } = needs
  const staying = stayingObjects(needs)
  return async (namespace, signal) => {
    const newest = byPath((await staying(namespace)).map(versionOf))
    const { settled, answer } = await settledAnswer(needs, namespace, newest, signal)
    const rows = settled.chosen === null ? null : chosenRows(needs, namespace, newest, settled)
    // In the store first: whatever was in force must be there when this process ends now.
    const isNew = rows !== null && (await good.replace(namespace, rows, fence))
    if (answer?.tables) await publish(needs, namespace, answer)
    verdicts.put(namespace, verdictsOf(needs, namespace, newest, settled))
    if (answer?.tables === null) throw conflicting(namespace, answer)
    return isNew
  }
}

type Newest = ReadonlyMap<string, GoodObject>

/** Which of the newest versions of a namespace are to be in force, and its table with the overrides that stand; no answer when nothing compiles. */
export async function settledAnswer(
  needs: Pick<
    NamespaceReconcilerNeeds,
    'good' | 'systemNamespace' | 'catalog' | 'compile' | 'overrides' | 'commitOf'
  >,
  namespace: string,
  newest: Newest,
  signal: AbortSignal,
): Promise<{ readonly settled: Settled; readonly answer: Answer | null }> {
  const settled = await settledOf(needs, namespace, newest, signal)
  const { chosen } = settled
  const answer = chosen && (await overriddenAnswer(needs, namespace, chosen, signal))
  return { settled, answer }
}

export function byPath(versions: readonly GoodObject[]): Newest {
  return new Map(versions.map(version => [pathOfVersion(version), version]))
}

/** The objects of a namespace; none while it is being deleted, for then it loses them one by one. */
function stayingObjects({ objectsIn, good, isStaying }: NamespaceReconcilerNeeds) {
  const leaving = new Set<string>()
  return async (namespace: string): Promise<readonly WritObject[]> => {
    const objects = objectsIn(namespace)
    const there = new Set(objects.map(pathOfObject))
    const gone = [...good.of(namespace).keys()].filter(path => !there.has(path))
    if (gone.length === 0 && !leaving.has(namespace)) return objects
    const plurals = new Set(gone.map(path => path.split('/')[1] ?? ''))
    if (await isStaying(namespace, [...plurals])) {
      leaving.delete(namespace)
      return objects
    }
    leaving.add(namespace)
    return []
  }
}

function settledOf(
  {
    good,
    systemNamespace,
    catalog,
    compile,
    commitOf = () => null,
  }: Parameters<typeof settledAnswer>[0],
  namespace: string,
  newest: Newest,
  signal: AbortSignal,
): Promise<Settled> {
  const isSystem = namespace === systemNamespace
  const above = isSystem ? [] : [...good.of(systemNamespace).values()]
  const before = good.of(namespace)
  const asking = {
    catalog: catalogOf(catalog(), [namespace, systemNamespace]),
    inForce: before.size === 0 ? null : [...above, ...before.values()],
    compile: (files: readonly SourceFile[], { catalog = new Map() }: CompileOptions) =>
      compile({ namespace, files, catalog }, signal),
  }
  const elsewhere = good.keysBeyond(namespace)
  return settle({
    newest: new Map(
      [...newest].map(([path, version]) => [path, fileFrom(version, commitOf(version))]),
    ),
    good: before,
    async compile(files) {
      const answer = await informed(asking, [...above, ...files])
      const edits = files.filter(({ path, text }) => before.get(path)?.text !== text)
      const problems = contested(edits, elsewhere)
      if (problems.length === 0) return answer
      return { ...answer, problems: [...answer.problems, ...problems], tables: null }
    },
  })
}

/** What was chosen, as rows: the newest version, or the one that is in force. */
function chosenRows(
  { good, commitOf = () => null }: NamespaceReconcilerNeeds,
  namespace: string,
  newest: Newest,
  { chosen }: Settled,
): readonly GoodObject[] {
  return [...(chosen?.files ?? [])].flatMap(([path, { text, commit }]) => {
    const now = newest.get(path)
    const isNewest = now?.text === text && fileFrom(now, commitOf(now)).commit === commit
    return (isNewest ? now : good.get(namespace, path)) ?? []
  })
}

/** What was chosen with the overrides that stand; tables are null when the two do not go together. */
function overriddenAnswer(
  needs: Parameters<typeof settledAnswer>[0],
  namespace: string,
  { files, answer: base }: NonNullable<Settled['chosen']>,
  signal: AbortSignal,
): Promise<Answer> {
  const { good, systemNamespace, overrides } = needs
  const above = namespace === systemNamespace ? [] : [...good.of(systemNamespace).values()]
  const all = [...above, ...files.values()]
  const asked = { namespace, files: all, base, overrides: overrides() }
  const elsewhere = good.keysBeyond(namespace)
  return withOverrides(needs, { ...asked, elsewhere }, signal)
}

function conflicting(namespace: string, { problems }: Answer): ControllerFailure {
  const [first] = problems
  const message = `an override and what is written now in ${namespace} do not go together: ${first?.message ?? ''}`
  return new ControllerFailure('compile_failed', message)
}

async function publish(
  { releases, fence, sourcesOf = () => [] }: NamespaceReconcilerNeeds,
  namespace: string,
  answer: Answer,
): Promise<void> {
  const [compiled] = answer.tables ?? []
  const isKnown = releases.current().some(release => release.namespace === namespace)
  if (compiled === undefined && !isKnown) return
  const table = compiled?.[1] ?? emptyTable(namespace)
  const directories = compiled === undefined ? [emptyDirectory(namespace)] : answer.directories
  const named = { ...table, sources: sourcesOf(namespace) }
  await releases.publish(new Map([[namespace, named]]), null, directories, fence)
}

function verdictsOf(
  { good, overrides }: NamespaceReconcilerNeeds,
  namespace: string,
  newest: Newest,
  { chosen, refused }: Settled,
): ReadonlyMap<string, Verdict> {
  const standing = overriddenPaths(overrides())
  const warnings = Map.groupBy(chosen?.answer.problems ?? [], ({ file }) => file)
  return new Map(
    [...newest].map(([path, { uid, generation, text }]) => {
      const errors = refused.get(path)
      const accepted = errors === undefined
      const problems = errors ?? warnings.get(path) ?? []
      const kept = good.get(namespace, path)
      const inForce = kept?.uid === uid ? kept.generation : null
      const override = standing.get(path)
      const verdict = { uid, generation, accepted, problems, text, inForce }
      return [path, override === undefined ? verdict : { ...verdict, override }]
    }),
  )
}
