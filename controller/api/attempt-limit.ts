/** How often something may go wrong. */
export interface AttemptLimit {
  /** Takes one attempt of whoever the key stands for: 0, or the seconds to wait when there were too many. */
  take(key: string): number
}

/** Attempts at once, and how many come back in a minute. */
const each = { most: 10, perMinute: 10 }
const all = { most: 60, perMinute: 60 }

/** Keys that are remembered; the one that was heard of longest ago is forgotten first. */
const mostKeys = 10_000

interface Bucket {
  readonly left: number
  readonly at: number
}

/** Counts attempts of each key and of all together, as token buckets. */
export function attemptLimit(now: () => number): AttemptLimit {
  const buckets = new Map<string, Bucket>()
  let shared: Bucket = { left: all.most, at: now() }
  return {
    take(key) {
      const at = now()
      const own = filled(buckets.get(key) ?? { left: each.most, at }, each, at)
      const together = filled(shared, all, at)
      const free = own.left >= 1 && together.left >= 1
      buckets.delete(key)
      buckets.set(key, free ? less(own) : own)
      shared = free ? less(together) : together
      const [oldest] = buckets.keys()
      if (buckets.size > mostKeys && oldest !== undefined) buckets.delete(oldest)
      return free ? 0 : Math.max(secondsFor(own, each), secondsFor(together, all))
    },
  }
}

function filled({ left, at }: Bucket, limit: typeof each, now: number): Bucket {
  const back = (Math.max(0, now - at) * limit.perMinute) / 60_000
  return { left: Math.min(limit.most, left + back), at: now }
}

function less({ left, at }: Bucket): Bucket {
  return { left: left - 1, at }
}

function secondsFor({ left }: Bucket, { perMinute }: typeof each): number {
  return Math.max(1, Math.ceil(((1 - left) * 60) / perMinute))
}

/** Whom a remote address stands for: an IPv4 address, or a network of IPv6, where one person has 2^64 addresses. */
export function remoteKey(address: string | undefined): string {
  const text = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!text.includes(':')) return text
  const [head = '', tail] = text.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
