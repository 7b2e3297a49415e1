import type { PlanChange, PlanEffect, PlanExample, Plans, PlanVerdict } from '../schemas/plan.ts'
import { many } from './problem-text.ts'
import { printable, type Sink, type Style } from './terminal.ts'

const styles: Readonly<Record<PlanEffect, Style>> = {
  widening: 'red',
  either: 'yellow',
  narrowing: 'green',
  neutral: 'dim',
}

const effects = Object.keys(styles) as readonly PlanEffect[]

/** A plan as people read it: what widens first, each change with its place and an example, and what is proved. */
export function planText({ narrows, plans }: Plans, sink: Sink): readonly string[] {
  const changes = plans
    .flatMap(({ namespace, changes }) => changes.map(change => ({ namespace, change })))
    .sort((a, b) => effects.indexOf(a.change.effect) - effects.indexOf(b.change.effect))
  if (changes.length === 0) return ['nothing changes']
  const counts = effects.map(effect => {
    const count = changes.filter(({ change }) => change.effect === effect).length
    return `${count} ${effect}`
  })
  return [
    ...changes.flatMap(({ namespace, change }) => changeText(namespace, change, sink)),
    `${many(changes.length, 'change')}: ${counts.join(', ')}`,
    claims[narrows],
  ]
}

const claims: Readonly<Record<Plans['narrows'], string>> = {
  proved: 'proved: no call of anybody gets a looser decision',
  neutral: 'proved: no decision changes',
  unproven: 'not proved to narrow: what is widening or either may let through what was held back',
}

function changeText(namespace: string, change: PlanChange, sink: Sink): readonly string[] {
  const { effect, policy, message, at, example } = change
  const where = policy === undefined ? namespace : `${namespace}/${policy}`
  const line = `${sink.paint(styles[effect], effect.padEnd(9))} ${printable(`${where}: ${message}`)}`
  const more = [
    ...(at === undefined ? [] : [`at ${at.file}:${at.line}:${at.column}`]),
    ...(example === undefined ? [] : [exampleText(example)]),
  ]
  return [line, ...more.map(text => sink.paint('dim', `          ${printable(text)}`))]
}

function exampleText({ call, before, after }: PlanExample): string {
  const json = JSON.stringify(call)
  return `for example ${json}: ${verdictText(before)}, then ${verdictText(after)}`
}

function verdictText({ action, reason, rule }: PlanVerdict): string {
  return rule === undefined ? `${action} (${reason})` : `${action} (${reason} ${rule})`
}
