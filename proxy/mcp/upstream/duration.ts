const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration as policies write it (500ms, 30s, 10m, 24h, 30d), at most what a timer can count. */
export function millisecondsOf(duration: string): number {
  const [, count = '0', unit = 's'] = /^(\d+)(ms|s|m|h|d)$/.exec(duration) ?? []
  return Math.min(Number(count) * units[unit as keyof typeof units], 2 ** 31 - 1)
}
