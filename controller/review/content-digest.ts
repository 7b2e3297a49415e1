import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'

/** The SHA-256 of the canonical JSON of a value, as `sha256:` and hex. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')}`
}

/** What a digest that people approve stands for. */
interface DigestedChange {
  /** Numbers of the repository and of the change at the forge. */
  readonly repository: number
  readonly change: number
  readonly head: string
  /** Digest of the policy files as they will be. */
  readonly content: string
  /** Digests of what would be in force, and of what is. */
  readonly candidate: string
  readonly inForce: string
}

/** The digest that people approve. */
export function changeDigest(digested: DigestedChange): string {
  const { repository, change, head, content, candidate, inForce } = digested
  return digestOf({ repository, change, head, content, candidate, inForce })
}

/** The digest of files by their names and texts, whatever their order and whichever commit they are from. */
export function filesDigest(files: readonly SourceFile[]): string {
  return digestOf(
    files.map(({ path, text }) => [path, digestOf(text)]).sort(([a = ''], [b = '']) => order(a, b)),
  )
}

/** What is in force, or would be: rule tables and directories by namespace. */
export interface Standing {
  readonly tables: ReadonlyMap<string, RuleTable>
  readonly directories: readonly Directory[]
}

/** The digest of what tables and directories say, whichever commit it was read from. */
export function standingDigest({ tables, directories }: Standing): string {
  return digestOf({
    tables: [...tables].map(([namespace, table]) => [namespace, tableDigest(table)]).sort(byName),
    directories: directories
      .map(({ table: _, ...said }) => [said.namespace, digestOf(said)])
      .sort(byName),
  })
}

/** The digest of a table by what it says; a commit that changes none of it changes only where it is from. */
function tableDigest({ files, ...said }: RuleTable): string {
  return digestOf({ ...said, files: files.map(({ path }) => path) })
}

function byName(
  [a = '']: readonly (string | undefined)[],
  [b = '']: readonly (string | undefined)[],
) {
  return order(a, b)
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
