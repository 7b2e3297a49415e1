import type { Forge } from '../forge/forge.ts'
import { type ForgePlace, keyOf } from './forge-places.ts'

/** The forge of a place; opening one asks nothing of anybody. */
export type OpenForge = (place: ForgePlace) => Forge

/** Opens each place once. */
export function forges(open: OpenForge): OpenForge {
  const opened = new Map<string, Forge>()
  return place => {
    const key = keyOf(place)
    const forge = opened.get(key) ?? open(place)
    opened.set(key, forge)
    return forge
  }
}
