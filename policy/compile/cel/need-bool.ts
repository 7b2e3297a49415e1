import { errorAt, type Report } from './condition-problem.ts'
import { aName, type Type } from './type.ts'
import type { Typed } from './typed.ts'

/** Reports what is certainly not true or false. */
export function needBool({ type, node }: Typed, report: Report): void {
  if (type.kind === 'bool' || type.kind === 'dyn') return
  report(
    errorAt(
      node.at,
      'not_a_bool',
      `This must be true or false; it is ${aName(type)}.`,
      comparison(type),
    ),
  )
}

function comparison(type: Type): string | undefined {
  return type.kind === 'string' ? 'Compare it, for example with ==.' : undefined
}
