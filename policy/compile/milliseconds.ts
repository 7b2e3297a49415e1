/** A length of time such as 500ms, 30s, 10m, 24h or 30d in milliseconds; NaN for anything else. */
export function milliseconds(duration: string): number {
  const [, amount = '', unit = ''] = /^([0-9]+)(ms|s|m|h|d)$/.exec(duration) ?? []
  return Number(amount || Number.NaN) * (units.get(unit) ?? Number.NaN)
}

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
