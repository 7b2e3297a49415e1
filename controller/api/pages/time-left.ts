const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A length of time in words, in its two largest units. */
export function timeLeft(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (ms >= day)
    return words([Math.floor(ms / day), 'day'], [Math.floor((ms % day) / hour), 'hour'])
  if (ms >= hour) {
    return words([Math.floor(ms / hour), 'hour'], [Math.floor((ms % hour) / minute), 'minute'])
  }
  return words([Math.floor(s / 60), 'minute'], [s % 60, 'second'])
}

type Part = readonly [count: number, unit: string]

function words(large: Part, small: Part): string {
  const parts = [large, small].filter(([count]) => count > 0)
  const shown = parts.length === 0 ? [small] : parts
  return shown.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ')
}
