/** Work that may still be done; counted, not timed, so that equal questions get equal answers. */
export interface Fuel {
  left: number
}

/** Takes work off; false once there is none left. */
export function burn(fuel: Fuel, work: number): boolean {
  fuel.left -= work
  return fuel.left >= 0
}
