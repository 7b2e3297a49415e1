import { posix } from 'node:path'

/** What a link in a tree leads to. */
export type LinkTarget = { readonly path: string } | 'outside' | 'broken'

/** A link that leads through more links than this leads nowhere. */
const mostHops = 8

/**
 * Follows a link inside the folder that was listed. `targetOf` gives what a link holds, null for a path that
 * is a file, and undefined for one that is not there.
 */
export function followLink(
  path: string,
  targetOf: (path: string) => string | null | undefined,
): LinkTarget {
  let here = path
  for (let hop = 0; hop < mostHops; hop += 1) {
    const target = targetOf(here)
    if (target === undefined) return 'broken'
    if (target === null) return { path: here }
    if (target.startsWith('/') || target.includes('\0')) return 'outside'
    const next = posix.normalize(posix.join(posix.dirname(here), target))
    if (next === '..' || next.startsWith('../')) return 'outside'
    here = next
  }
  return 'broken'
}
