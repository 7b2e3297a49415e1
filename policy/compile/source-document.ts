import type { Place } from '../../schemas/problem.ts'
import type { SourceFile } from './source-file.ts'

/** Keys and indexes from the top of a document down to a node of it. */
export type Path = readonly (string | number)[]

/** One YAML document: its value as plain JSON, and where each part of it was written. */
export interface SourceDocument {
  readonly file: SourceFile
  readonly value: unknown
  /** False when a part of it was no YAML that can be read, so that anything may be missing. */
  readonly sound: boolean
  /** The place of the node at the path, or of its key; of the nearest node above where there is none. */
  readonly place: (path: Path, part?: 'key' | 'value') => Place
  /** The place of one character of the text at the path. */
  readonly placeWithin: (path: Path, value: string, character: number) => Place
}

/** A path as people write it: `spec.tools[0].rules[1]`. */
export function pathText(path: Path): string {
  return path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
}
