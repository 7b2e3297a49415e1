import type { PlanChange } from '../../../schemas/plan.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { oneLine } from '../../channels/printable.ts'
import type { Annotation, Report } from '../../forge/forge.ts'
import { conflictText } from './conflict-text.ts'
import type { ChangeState, ReviewView } from './review-view.ts'
import { stateLine } from './state-line.ts'

/** Remarks on one commit; more are in the comment. */
const mostAnnotations = 100

/** The check of a change: green only when the change is approved, or touches no policy. */
export function reviewReport(view: ReviewView, pathOf: (file: string) => string | null): Report {
  const { headSha, state, problems, plan } = view
  const changes = (plan?.plans ?? []).flatMap(({ changes }) => changes)
  const annotations = [
    ...problems.map(problem => problemAnnotation(problem, pathOf)),
    ...changes.map(change => changeAnnotation(change, pathOf)),
  ]
  return {
    headSha,
    conclusion: conclusionOf(state),
    title: stateLine(state),
    summary: summaryOf(view),
    annotations: annotations.filter(annotation => annotation !== null).slice(0, mostAnnotations),
  }
}

function conclusionOf(state: ChangeState): Report['conclusion'] {
  switch (state.kind) {
    case 'approved':
    case 'nothing':
      return 'success'
    case 'open':
      return state.barred === null ? 'pending' : 'failure'
    case 'problems':
    case 'conflict':
    case 'denied':
      return 'failure'
  }
}

function summaryOf({ state, problems, plan }: ReviewView): string {
  const changes = (plan?.plans ?? []).flatMap(({ changes }) => changes)
  const widening = changes.filter(({ effect }) => effect === 'widening' || effect === 'either')
  return [
    `${stateLine(state)}.`,
    ...(state.kind === 'conflict' ? [conflictText(state.files)] : []),
    ...('barred' in state && state.barred !== null ? [state.barred] : []),
    `${problems.length} problems; ${changes.length} changes, of which ${widening.length} may widen.`,
    'The comment in the conversation shows the plan, the replay and who may approve.',
  ].join('\n\n')
}

function problemAnnotation(
  { severity, file, line, column, message, suggestion }: Problem,
  pathOf: (file: string) => string | null,
): Annotation | null {
  const path = pathOf(file)
  if (path === null) return null
  const text = suggestion === undefined ? message : `${message} ${suggestion}`
  const level = severity === 'error' ? 'failure' : 'warning'
  return { path, line, column, level, message: oneLine(text, 1000) }
}

function changeAnnotation(
  { effect, message, at }: PlanChange,
  pathOf: (file: string) => string | null,
): Annotation | null {
  const path = at === undefined ? null : pathOf(at.file)
  if (at === undefined || path === null || effect === 'neutral') return null
  const level = effect === 'narrowing' ? 'notice' : 'warning'
  return { path, line: at.line, level, title: titles[effect], message: oneLine(message, 1000) }
}

const titles = { widening: 'Widens', either: 'May widen', narrowing: 'Narrows' } as const
