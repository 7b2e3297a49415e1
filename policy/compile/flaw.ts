import type { ErrorObject } from 'ajv'
import { nearest } from './nearest.ts'
import type { Path } from './source-document.ts'

/**
 * Where a document is not what its schema says: a tree with a branch for each step down to what is
 * wrong. `wrong` means that nothing can be known of the value there.
 */
export interface Flaw {
  readonly wrong: boolean
  readonly below: ReadonlyMap<string, Flaw>
}

/** Keywords about the size of what can be read all the same. */
const sizes: ReadonlySet<string> = new Set(['minItems', 'maxItems', 'maxProperties'])

/** The flaws that a validator found, with the values and schemas that it found them in (`verbose`). */
export function flawOf(errors: readonly ErrorObject[]): Flaw {
  const root: Growing = { wrong: false, below: new Map() }
  for (const [i, error] of errors.entries()) {
    for (const steps of wrongIn(error, i < mostGuessed)) {
      at(root, steps).wrong ||= !sizes.has(error.keyword)
    }
  }
  return root
}

/** Whether something at the path, above it or below it is wrong, so that nothing follows from what is not there. */
export function isUnsure(root: Flaw, path: Path): boolean {
  let flaw: Flaw | undefined = root
  for (const step of path) {
    if (flaw.wrong) return true
    flaw = flaw.below.get(String(step))
    if (flaw === undefined) return false
  }
  return path.length > 0 || flaw.below.size > 0
}

/** The steps of a JSON pointer (RFC 6901). */
export function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

interface Growing extends Flaw {
  wrong: boolean
  readonly below: Map<string, Growing>
}

function at(root: Growing, steps: readonly string[]): Growing {
  let flaw = root
  for (const step of steps) {
    const next: Growing = flaw.below.get(step) ?? { wrong: false, below: new Map() }
    flaw.below.set(step, next)
    flaw = next
  }
  return flaw
}

/** Violations among which mistyped keys are looked for. */
const mostGuessed = 1000

function wrongIn(error: ErrorObject, guess: boolean): readonly (readonly string[])[] {
  const { keyword, instancePath, params } = error
  const steps = stepsOf(instancePath)
  switch (keyword) {
    case 'required':
      return [[...steps, params.missingProperty]]
    case 'additionalProperties': {
      const key = guess ? mistyped(error) : undefined
      const unknown = [...steps, params.additionalProperty]
      return key === undefined ? [unknown] : [unknown, [...steps, key]]
    }
    case 'uniqueItems':
      return [[...steps, String(Math.max(params.i, params.j))]]
    default:
      return [steps]
  }
}

/** The key that an unknown one most likely stands for; undefined when that is there as well. */
function mistyped({ params, data, parentSchema }: ErrorObject): string | undefined {
  const known = Object.keys((parentSchema as { readonly properties: object }).properties)
  const key = nearest(params.additionalProperty.slice(0, 300), known)
  return key === undefined || Object.hasOwn(data as object, key) ? undefined : key
}
