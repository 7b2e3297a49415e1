import type { Directory } from '../../schemas/directory.ts'
import type { ReplayLoad } from '../../schemas/replay.ts'
import { panelsOf } from '../approvals/panel.ts'
import type { Ask, Asked } from './shard-messages.ts'

type Directories = ReadonlyMap<string, Directory>

const mostRequests = 100_000
const dayMs = 24 * 3_600_000

/** Counts how often each person is asked: all who may answer a question are asked it, once. */
export class LoadBook {
  readonly #before: Directories
  readonly #after: Directories
  readonly #counts = new Map<string, { before: number; after: number }>()
  readonly #requests = new Set<string>()

  constructor(before: Directories, after: Directories) {
    this.#before = before
    this.#after = after
  }

  take({ approval, namespace, before, after }: Ask): void {
    if (approval !== null && !this.#isFirst(approval)) return
    for (const user of peopleOf(this.#before, namespace, before)) this.#count(user).before++
    for (const user of peopleOf(this.#after, namespace, after)) this.#count(user).after++
  }

  /** Everybody who was or would be asked, most asked first; `span` in ms. */
  loads(span: number): readonly ReplayLoad[] {
    const days = Math.max(1, rounded(span / dayMs))
    return [...this.#counts]
      .map(([user, { before, after }]) => ({
        user,
        before: rounded(before / days),
        after: rounded(after / days),
        askedBefore: before,
        askedAfter: after,
        days,
      }))
      .sort((a, b) => b.askedAfter - a.askedAfter || (a.user < b.user ? -1 : 1))
  }

  #isFirst(approval: string): boolean {
    if (this.#requests.has(approval)) return false
    this.#requests.add(approval)
    const [oldest] = this.#requests
    if (this.#requests.size > mostRequests && oldest !== undefined) this.#requests.delete(oldest)
    return true
  }

  #count(user: string) {
    const known = this.#counts.get(user) ?? { before: 0, after: 0 }
    this.#counts.set(user, known)
    return known
  }
}

function peopleOf(directories: Directories, namespace: string, asked: Asked | null) {
  if (asked === null) return []
  const { workflows, user } = asked
  const subject = { user: user === '' ? undefined : user, escalated: [] }
  const panels = panelsOf(directories.get(namespace) ?? null, workflows, subject)
  return new Set(panels.flatMap(({ mayDecide }) => mayDecide))
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
