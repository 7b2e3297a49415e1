/** Named time zones that were asked for; null is no zone. To make one ready takes far longer than to ask it. */
export type Zones = Map<string, Intl.DateTimeFormat | null>

/** When this many are remembered, all are forgotten: agents may choose the names. */
const most = 16

// Names of zones begin with a letter; what else Intl takes for a zone is not one in conditions.
const zoneName = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/

/** The calendar of a zone, by its IANA name; null when there is no such zone. */
export function formatOf(zones: Zones, name: string): Intl.DateTimeFormat | null {
  if (!zoneName.test(name)) return null
  const known = zones.get(name)
  if (known !== undefined) return known
  if (zones.size >= most) zones.clear()
  const format = newFormat(name)
  zones.set(name, format)
  return format
}

function newFormat(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      calendar: 'gregory',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return null
  }
}
