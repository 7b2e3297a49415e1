import { redactText } from '../../records/redact/redact.ts'
import type { outcomes } from '../../schemas/record.ts'
import type { EntryJson, NewEntry } from '../mcp/needs.ts'
import { factsText, type JudgedBy } from './judged-by.ts'
import type { Noted } from './noted.ts'

/** What the entries of a call are written from. */
export interface SharedText {
  /** The members that both share, as JSON without braces: written once, for the arguments may be long. */
  readonly members: string
  readonly by: JudgedBy
}

export function sharedText({ entry, shownArgs, by }: Noted, told = entry): SharedText {
  return { members: `${JSON.stringify(told).slice(1, -1)},"args":${shownArgs}`, by }
}

/** What only the second entry of a call tells. */
export type Ended = { readonly status: (typeof outcomes)[number] } & Partial<NewEntry>

const nothing: Partial<NewEntry> = {}

/** Writes the entries of calls as JSON text, with the time at which it writes. */
export class EntryTexts {
  readonly #now: () => number
  #lastMs = Number.NaN
  #lastTime = ''

  constructor(now: () => number) {
    this.#now = now
  }

  /** `held` is what only the first entry tells: what was set aside for the call. */
  attempt({ members, by }: SharedText, held: Partial<NewEntry> = nothing): EntryJson {
    const time = this.#time()
    const facts = factsText(by, this.#lastMs)
    const more = held === nothing ? '' : `${JSON.stringify(held).slice(1, -1)},`
    return `{"time":"${time}","phase":"attempt","facts":${facts},${more}${members}}`
  }

  /** What went wrong may be in the words of others. */
  outcome({ members }: SharedText, ended: Ended): EntryJson {
    const { error } = ended
    const told = error === undefined ? ended : { ...ended, error: redactText(error) }
    return `{"time":"${this.#time()}","phase":"outcome",${JSON.stringify(told).slice(1, -1)},${members}}`
  }

  /** Many entries are written in the same millisecond, and formatting an instant is slow. */
  #time(): string {
    const now = this.#now()
    if (now !== this.#lastMs) {
      this.#lastMs = now
      this.#lastTime = new Date(now).toISOString()
    }
    return this.#lastTime
  }
}
