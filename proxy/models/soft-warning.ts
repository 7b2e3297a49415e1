import type { Reservation } from '../budgets/budgets.ts'

const longest = 256

/** The header that tells of soft limits passed; none where there are none. */
export function softWarning({ softLimits }: Reservation): Readonly<Record<string, string>> {
  if (softLimits.length === 0) return {}
  const text = `soft limit passed: ${softLimits.join(', ')}`
  return { 'x-writ-warning': text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longest) }
}
