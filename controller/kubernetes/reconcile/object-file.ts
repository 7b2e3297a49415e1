import { stringify } from 'yaml'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import { kinds } from '../../../schemas/kinds.ts'
import type { GoodObject } from '../last-good-objects.ts'
import type { WritObject } from '../objects.ts'

/** What a person wrote in an object, as YAML. */
export function versionOf({ apiVersion, kind, metadata, spec }: WritObject): GoodObject {
  const { name, namespace, uid, generation = 0 } = metadata
  const written = { apiVersion, kind, metadata: { name, namespace }, spec: spec ?? {} }
  const text = stringify(written, { lineWidth: 0, aliasDuplicateObjects: false })
  return { namespace, plural: pluralOf(kind), name, uid, generation, text }
}

/** The commit of a repository that wrote a version; null when none is known. */
export type CommitOf = (version: Pick<GoodObject, 'uid' | 'generation'>) => string | null

/** A version as the compiler reads it: a file `namespace/plural/name` of the commit `generation-N`. */
export function fileOf(version: GoodObject): SourceFile {
  return { path: pathOfVersion(version), text: version.text, commit: commitOf(version.generation) }
}

/** The same of the commit `SHA@generation-N` where it is known which commit of a repository wrote it. */
export function fileFrom(version: GoodObject, commit: string | null): SourceFile {
  const file = fileOf(version)
  return commit === null ? file : { ...file, commit: `${commit}@${file.commit}` }
}

/** The `generation-N` of a commit in a table. */
export function generationIn(commit: string): string {
  return commit.slice(commit.indexOf('@') + 1)
}

/** What a version is called among files. */
export function pathOfVersion({ namespace, plural, name }: Omit<GoodObject, 'text'>): string {
  return `${namespace}/${plural}/${name}`
}

/** What an object is called among files. */
export function pathOfObject({ kind, metadata }: WritObject): string {
  return `${metadata.namespace}/${pluralOf(kind)}/${metadata.name}`
}

/** The commit of a generation. */
export function commitOf(generation: number): string {
  return `generation-${generation}`
}

/** The plural of a kind, by which the API server knows it. */
export function pluralOf(kind: string): string {
  return plurals.get(kind) ?? kind.toLowerCase()
}

const plurals: ReadonlyMap<string, string> = new Map(
  kinds.map(({ kind, plural }) => [kind, plural]),
)
