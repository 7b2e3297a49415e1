import { matchesGlob } from '../decide/glob.ts'

/** Whether a text may match both globs: true at times where none does, never false where one does. */
export function mayMeet(a: string, b: string): boolean {
  if (!a.includes('*')) return matchesGlob(b, a)
  if (!b.includes('*')) return matchesGlob(a, b)
  const start = (glob: string) => glob.slice(0, glob.indexOf('*'))
  const end = (glob: string) => glob.slice(glob.lastIndexOf('*') + 1)
  return (
    (start(a).startsWith(start(b)) || start(b).startsWith(start(a))) &&
    (end(a).endsWith(end(b)) || end(b).endsWith(end(a)))
  )
}
