/**
 * Where a message about a request can be edited for a while, because somebody answered it there. Kept in
 * memory only: such an address is a capability, and without it people are told by a new message.
 */
export interface Shown<Place> {
  at(request: string, channel: string): Place | null
  set(request: string, channel: string, place: Place): void
  delete(request: string, channel: string): void
}

/** Keeps at most `most` places, each for `forMs`; the oldest is forgotten first. */
export function shownPlaces<Place>(forMs: number, now: () => number, most = 10_000): Shown<Place> {
  const places = new Map<string, { readonly place: Place; readonly until: number }>()
  return {
    at(request, channel) {
      const known = places.get(`${channel} ${request}`)
      return known !== undefined && now() < known.until ? known.place : null
    },
    set(request, channel, place) {
      const key = `${channel} ${request}`
      places.delete(key)
      places.set(key, { place, until: now() + forMs })
      const [oldest] = places.keys()
      if (places.size > most && oldest !== undefined) places.delete(oldest)
    },
    delete(request, channel) {
      places.delete(`${channel} ${request}`)
    },
  }
}
