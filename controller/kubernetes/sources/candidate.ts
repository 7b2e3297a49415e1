import canonicalize from 'canonicalize'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { apiVersion } from '../../../schemas/resource.ts'
import type { Answer } from '../../compile/compiler.ts'
import type { Overriding } from '../../overrides/overlay.ts'
import { emptyDirectory, emptyTable } from '../../publish/empty-table.ts'
import type { Standing } from '../../review/content-digest.ts'
import type { GoodObject, LastGoodObjects } from '../last-good-objects.ts'
import type { Objects, WritObject } from '../objects.ts'
import { type GoodVersions, openGoodVersions } from '../reconcile/good-versions.ts'
import { byPath, settledAnswer } from '../reconcile/namespace-reconciler.ts'
import { pathOfObject, versionOf } from '../reconcile/object-file.ts'
import { foreign } from './apply-objects.ts'
import { type CheckSourceNeeds, checkSource, isOwn } from './check-source.ts'
import type { Differences } from './difference.ts'
import type { Owner, SourceObject } from './source-objects.ts'

export interface CandidateNeeds extends CheckSourceNeeds {
  readonly objects: Pick<Objects, 'get' | 'in' | 'namespaces'>
  /** The versions that are in force. */
  readonly lastGood: Pick<LastGoodObjects, 'read'>
  readonly overrides: () => readonly Overriding[]
}

/** A source, and what says which of its objects were edited. */
export interface CandidateSource {
  readonly owner: Owner
  /** The namespace that it writes. */
  readonly namespace: string
  /** Whether what was edited is put back. */
  readonly reverts: boolean
  readonly differences: Differences
}

/**
 * What would be in force in all namespaces if the files were what the repository of a source says: its objects as they would be
 * applied, all others as they are. Tables are null where the files are not applied, with the reasons.
 */
export async function candidate(
  needs: CandidateNeeds,
  source: CandidateSource,
  { files, inForce }: { readonly files: readonly SourceFile[]; readonly inForce: Standing },
  signal: AbortSignal,
): Promise<Answer> {
  const { owner, namespace } = source
  const { objects, problems } = await checkSource(needs, { files, namespace, owner }, signal)
  const wrong = [...problems, ...objects.flatMap(object => takenProblem(needs, source, object))]
  if (wrong.length > 0) return refused(wrong)
  const good = await openGoodVersions({ read: () => needs.lastGood.read(), keep: unkept })
  const newest = byPath(versionsWith(needs, source, objects))
  const { settled, answer } = await settledAnswer({ ...needs, good }, namespace, newest, signal)
  const held = objects.flatMap(({ path }) => settled.refused.get(path) ?? [])
  if (held.length > 0) return refused(held)
  if (!answer?.tables) return refused(answer?.problems ?? [heldBack])
  const isSystem = namespace === needs.systemNamespace
  const above = isSystem ? { ...good, of: ofWith(good, namespace, settled.chosen?.files) } : null
  const below = above === null ? [] : await others(needs, source, above, signal)
  const own = answer.problems.filter(({ file }) => file.startsWith(`${namespace}/`))
  return joined(inForce, [[namespace, { ...answer, problems: own }], ...below])
}

const heldBack: Problem = {
  severity: 'error',
  code: 'held_back',
  message: 'Nothing of the namespace compiles, so that nothing can be applied to it.',
  ...{ file: '.', line: 1, column: 1 },
}

/** Nothing is put in force by looking at what would be. */
async function unkept(): Promise<never> {
  throw new Error('a candidate is not kept')
}

function takenProblem(
  { objects }: CandidateNeeds,
  { owner }: CandidateSource,
  { kind, namespace, name, path }: SourceObject,
): readonly Problem[] {
  const taken = foreign(objects.get(kind, namespace, name), owner)
  return taken === null ? [] : [{ severity: 'error', ...taken, file: path, line: 1, column: 1 }]
}

/** The objects of the namespace with those of the source as they would be applied. */
function versionsWith(
  { objects }: CandidateNeeds,
  source: CandidateSource,
  wanted: readonly SourceObject[],
): readonly GoodObject[] {
  const paths = new Set(wanted.map(({ path }) => path))
  const isOther = (object: WritObject) =>
    !paths.has(pathOfObject(object)) && !isOwn(object, source.owner)
  const applied = wanted.map(object => {
    const live = objects.get(object.kind, object.namespace, object.name)
    return live !== null && isLeft(source, live, object)
      ? versionOf(live)
      : versionToBe(source, object)
  })
  return [...objects.in(source.namespace).filter(isOther).map(versionOf), ...applied]
}

/** Whether applying leaves the object as it is. */
function isLeft(
  { differences, owner, reverts }: CandidateSource,
  live: WritObject,
  wanted: SourceObject,
): boolean {
  const difference = differences.of(live, wanted, owner)
  return difference === 'same' || (difference === 'edited' && !reverts)
}

/** The version that the API server makes of an object. It orders the keys of what it is sent. */
function versionToBe({ differences }: CandidateSource, wanted: SourceObject): GoodObject {
  const { kind, namespace, name } = wanted
  const spec = JSON.parse(canonicalize(differences.expected(wanted)) ?? '{}')
  const metadata = { name, namespace, uid: '', resourceVersion: '' }
  return versionOf({ apiVersion, kind, metadata, spec } as WritObject)
}

/** The versions in force with those that were chosen for one namespace. */
function ofWith(
  good: GoodVersions,
  namespace: string,
  chosen: ReturnType<GoodVersions['of']> = new Map(),
): GoodVersions['of'] {
  return name => (name === namespace ? chosen : good.of(name))
}

/** What becomes of the other namespaces when the one whose policies narrow them all is another. */
async function others(
  needs: CandidateNeeds,
  { namespace }: CandidateSource,
  good: GoodVersions,
  signal: AbortSignal,
): Promise<readonly NamespaceAnswer[]> {
  const names = new Set([...needs.objects.namespaces(), ...good.namespaces()])
  const answers: NamespaceAnswer[] = []
  for (const name of [...names].filter(name => name !== namespace).sort()) {
    const newest = byPath(needs.objects.in(name).map(versionOf))
    const { answer } = await settledAnswer({ ...needs, good }, name, newest, signal)
    // What no longer compiles stays as it is.
    if (answer?.tables) answers.push([name, { ...answer, problems: [] }])
  }
  return answers
}

type NamespaceAnswer = readonly [namespace: string, answer: Answer]

function refused(problems: readonly Problem[]): Answer {
  return { problems, tables: null, directories: [] }
}

/** What is in force with the answers in place of what they are about. */
function joined(inForce: Standing, answers: readonly NamespaceAnswer[]): Answer {
  const tables = new Map(
    [...inForce.tables].map(([name, table]) => {
      return [name, { json: canonicalize(table) ?? '', digest: '' }]
    }),
  )
  const directories = new Map<string, Directory>(
    inForce.directories.map(one => [one.namespace, one]),
  )
  for (const [namespace, answer] of answers) {
    const [compiled] = answer.tables ?? []
    // A namespace without policies has a table only if it had one before.
    if (compiled === undefined && !tables.has(namespace)) continue
    const [directory = emptyDirectory(namespace)] = answer.directories
    tables.set(namespace, compiled?.[1] ?? emptyTable(namespace))
    directories.set(namespace, directory)
  }
  const problems = answers.flatMap(([, { problems }]) => problems)
  return { problems, tables: [...tables], directories: [...directories.values()] }
}
