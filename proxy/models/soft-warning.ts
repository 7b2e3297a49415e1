import type { Reservation } from '../budgets/budgets.ts'

const longest = 256
const name = 'x-writ-warning'

/** The header that tells of soft limits passed; none where there are none. */
export function softWarning({ softLimits }: Reservation): Readonly<Record<string, string>> {
  if (softLimits.length === 0) return {}
  return withWarnings({}, [`soft limit passed: ${softLimits.join(', ')}`])
}

/** Headers with more warnings, in printable ASCII and at most 256 characters together. */
export function withWarnings(
  headers: Readonly<Record<string, string>>,
  warnings: readonly string[],
): Readonly<Record<string, string>> {
  if (warnings.length === 0) return headers
  const before = headers[name] === undefined ? [] : [headers[name]]
  const text = [...before, ...warnings].join('; ')
  return { ...headers, [name]: text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longest) }
}
