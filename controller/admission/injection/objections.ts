import { marks, resolving, sharing } from './host-objections.ts'
import type { InjectionSettings } from './injection-settings.ts'
import { unlocking } from './lock-objections.ts'
import type { Pod } from './pod.ts'
import { trespassing } from './trespass-objections.ts'

/** Says what keeps a pod from having a sidecar: sentences that begin with the field and name the remedy. */
type Check = (pod: Pod, settings: InjectionSettings) => Iterable<string>

/** Every check runs, in this order. */
const checks: readonly Check[] = [marks, sharing, resolving, trespassing, unlocking]

/** Everything that keeps a pod from having a sidecar that holds; empty when nothing does. */
export function objections(pod: Pod, settings: InjectionSettings): readonly string[] {
  return checks.flatMap(check => [...check(pod, settings)])
}

const mostShown = 8

/** Objections as people read them. */
export function objectionText(objections: readonly string[]): string {
  const shown = objections.slice(0, mostShown).map(objection => `\n  - ${objection}`)
  const more = objections.length - mostShown
  const rest = more > 0 ? `\n  and ${more} more` : ''
  return `this pod cannot have the sidecar of Writ:${shown.join('')}${rest}`
}
