import type { NewEntry } from '../mcp/needs.ts'
import type { Reservation } from './budgets.ts'

/** What the attempt of a call says was set aside for it, and what that brings near its end. */
export function heldEntry(reservation: Reservation): Partial<NewEntry> {
  const { charges, reservedMicroUsd, softLimits } = reservation
  return {
    charges,
    ...(reservedMicroUsd !== undefined && { reservedMicroUsd }),
    ...(softLimits.length > 0 && { softLimits: [...softLimits] }),
  }
}
