import { createHash } from 'node:crypto'

/**
 * The number under which a change takes its turn. Where there are several sources they take turns apart, so that a forge
 * that is slow for one holds no other up; that two get the same number by chance costs them only time.
 */
export function turnNumber(change: number, sourceId?: string): number {
  if (sourceId === undefined) return change
  const hash = createHash('sha256').update(`${sourceId} ${change}`).digest('hex')
  // As many bits as a number of JavaScript holds exactly.
  return Number.parseInt(hash.slice(0, 13), 16)
}
