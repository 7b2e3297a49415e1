import { inert } from './inert.ts'

/** What to do about files that both sides changed. */
export function conflictText(files: readonly string[]): string {
  const names = files.slice(0, 10).map(file => inert(file))
  const more = files.length > names.length ? ` and ${files.length - names.length} more` : ''
  return `The branch it goes into has changed the same files: ${names.join(', ')}${more}. Merge that branch into this one, or rebase.`
}
