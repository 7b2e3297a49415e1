import type { Plan, PlanChange, PlanEffect, Plans, PlanVerdict } from '../../../schemas/plan.ts'
import { inert } from './inert.ts'

const headings: Readonly<Record<PlanEffect, string>> = {
  widening: 'Widens',
  either: 'May widen',
  narrowing: 'Narrows',
  neutral: 'Changes no decision',
}

const effects: readonly PlanEffect[] = ['widening', 'either', 'narrowing', 'neutral']

/** What changes, as lists of Markdown; what widens comes first. At most `most` changes are shown. */
export function planLines({ narrows, plans }: Plans, most: number): readonly string[] {
  const all = plans.flatMap(plan => plan.changes.map(change => ({ plan, change })))
  const sorted = effects.map(effect => all.filter(({ change }) => change.effect === effect))
  let room = most
  const lists = effects.flatMap((effect, i) => {
    const of = sorted[i] ?? []
    if (of.length === 0) return []
    const shown = of.slice(0, room)
    room -= shown.length
    return [
      `**${headings[effect]}** (${of.length})`,
      '',
      ...shown.flatMap(({ plan, change }) => changeLines(plan, change)),
      ...(of.length > shown.length
        ? [`- and ${of.length - shown.length} more, not shown here`]
        : []),
      '',
    ]
  })
  return [verdicts[narrows], '', ...lists]
}

const verdicts: Readonly<Record<Plans['narrows'], string>> = {
  proved: 'It is proved that no decision becomes looser.',
  neutral: 'It is proved that no decision changes.',
  unproven: 'It is not proved that no decision becomes looser, so it counts as widening.',
}

function changeLines({ namespace }: Plan, change: PlanChange): readonly string[] {
  const { message, at, example } = change
  const place = at === undefined ? '' : `, written at ${inert(`${at.file}:${at.line}`)}`
  const line = `- ${inert(message, 400)} in ${inert(namespace)}${place}`
  if (example === undefined) return [line]
  const { call, before, after } = example
  const was = `${verdictText(before)}, now ${verdictText(after)}`
  return [line, `  - for example ${inert(JSON.stringify(call) ?? '', 600)}: ${was}`]
}

function verdictText({ action, workflows = [], policy, rule }: PlanVerdict): string {
  const by = [policy, rule].filter(Boolean).join(' / ')
  const asked = workflows.map(name => name || 'the owners').join(', ')
  const whom = action === 'require_approval' && asked !== '' ? ` of ${inert(asked)}` : ''
  return `${verbs[action]}${whom}${by === '' ? '' : ` by ${inert(by)}`}`
}

const verbs = {
  allow: 'allowed',
  deny: 'denied',
  require_approval: 'needs approval',
} as const
