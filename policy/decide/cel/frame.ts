import type { Value } from './value.ts'
import type { Zones } from './zones.ts'

/** What one evaluation may still spend, and the variables of the macros it is inside of; evaluations one after the other may share it. */
export interface Frame {
  fuel: number
  readonly slots: Value[]
  readonly zones: Zones
}

/** Steps that one evaluation may take: a node of a macro's body per item, or 64 characters read or made, is one. */
export const fuelPerEvaluation = 1_000_000

/** Thrown when an evaluation has used up its steps; it ends the evaluation, whatever stands around it. */
export class OutOfFuel extends Error {
  override readonly name = 'OutOfFuel'
}

export function newFrame(): Frame {
  return { fuel: fuelPerEvaluation, slots: [], zones: new Map() }
}

/** Takes steps off the budget; throws `OutOfFuel` when there are none left. */
export function spend(frame: Frame, steps: number): void {
  frame.fuel -= steps
  if (frame.fuel < 0) throw new OutOfFuel()
}

/** Takes off what reading or making so many characters, bytes or items costs. */
export function spendSize(frame: Frame, size: number): void {
  spend(frame, 1 + Math.floor(size / 64))
}
