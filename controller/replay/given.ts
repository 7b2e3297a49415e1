import type { Reader } from '../../policy/decide/unknown.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import { type Args, isMarked, shownArgs } from './shown-args.ts'

/** What a caller gave along. */
export interface Given {
  /** Null when nothing is known of them; what of them is not known is hidden. */
  readonly args: Args | null
  /** Why the call is needed; empty without a reason, null when there was one that is not known. */
  readonly reason: string | null
}

/** What an entry shows of what a caller gave along, and who is told when what it does not show is read. */
export interface Shown {
  readonly asShown: Given
  readonly reader: Reader
}

const nothing: Given = { args: {}, reason: '' }

/** What a caller gave along, as the entry shows it; what it does not show is hidden in the entry itself. */
export function shownOf(entry: Entry): Shown {
  const reader: Reader = { met: null }
  if (entry.kind === 'model') return { asShown: nothing, reader }
  const { justification = '' } = entry
  const reason = isMarked(justification) ? null : justification
  return { asShown: { args: shownArgs(entry, reader), reason }, reader }
}

/**
 * The same as the policies would have it: the reason is taken out of the arguments where they ask for one, and nobody
 * gives one where they do not.
 */
export function givenTo(asked: () => boolean, given: Given): Given {
  const { args, reason } = given
  const among = args !== null && Object.hasOwn(args, 'justification')
  if (!among && reason === '') return given
  if (!asked()) return { args, reason: '' }
  return among ? takenOut(args) : given
}

function takenOut(from: Args): Given {
  const { justification, ...others } = Object.getOwnPropertyDescriptors(from)
  const args: Args = Object.defineProperties({}, others)
  if (justification?.get !== undefined) return { args, reason: null }
  const reason: unknown = justification?.value
  return { args, reason: typeof reason === 'string' ? reason : '' }
}
