import { parse } from 'yaml'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import type { Problem } from '../../../schemas/problem.ts'

/** Keys of agents and people by their SHA-256 in hex, and whose each is. */
export type ClaimedKeys = ReadonlyMap<string, string>

/** The keys that a version claims; none for kinds that have none. */
export function keysOf({ path, text }: Pick<SourceFile, 'path' | 'text'>): readonly string[] {
  if (!holders.has(path.split('/')[1] ?? '')) return []
  const { apiKeys } = Object(Object(parse(text)).spec)
  return Array.isArray(apiKeys) ? apiKeys.map(key => String(Object(key).sha256)) : []
}

const holders: ReadonlySet<string> = new Set(['agents', 'users'])

/** Errors of versions that claim a key which is in force in another namespace: proxies would believe neither. */
export function contested(
  files: readonly SourceFile[],
  elsewhere: ClaimedKeys,
): readonly Problem[] {
  return files.flatMap(file =>
    keysOf(file).flatMap(sha256 => {
      const holder = elsewhere.get(sha256)
      return holder === undefined ? [] : [taken(file, sha256, holder)]
    }),
  )
}

function taken({ path, text }: SourceFile, sha256: string, holder: string): Problem {
  const before = text.slice(0, text.indexOf(sha256)).split('\n')
  return {
    severity: 'error',
    code: 'duplicate_key',
    message: `The same key is already one of ${holder}.`,
    suggestion: 'Create another with `writ keys create`.',
    ...{ file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
  }
}
