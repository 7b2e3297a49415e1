import { setFlagsFromString } from 'node:v8'

/** How much the heap may grow, in percent, before old memory is looked for again. */
const growingPercent = 30

/** Lets the engine collect garbage sooner, from now on: less memory for a little more processor time. */
export function useSmallHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
}
