import type { Explanation, PolicyTrace, RuleTrace } from '../schemas/decision.ts'
import type { Place } from '../schemas/problem.ts'
import { printable, type Sink, type Style } from './terminal.ts'

/** An explanation for people: the verdict, then every policy with what was tried in it. */
export function explanationText({ decision, trace }: Explanation, sink: Sink): string {
  const workflows = 'workflows' in decision ? decision.workflows : []
  const lines = [
    `${verdictText(decision.action, sink)} (${decision.reason})`,
    ...field('policy', decision.policy),
    ...field('rule', decision.rule),
    ...field('at', decision.at === undefined ? undefined : place(decision.at)),
    ...field('says', decision.message),
    ...field('asks', workflows.length === 0 ? undefined : workflows.join(', ')),
    ...decision.observed.map(seen => `  observe mode: ${seen.policy} would say ${seen.action}`),
    ...field('table', decision.table),
  ]
  return [...lines, ...trace.flatMap(policy => ['', ...policyText(policy, sink)])].join('\n')
}

const styles: Readonly<Record<PolicyTrace['verdict'], Style>> = {
  allow: 'green',
  require_approval: 'yellow',
  deny: 'red',
  abstain: 'dim',
  unknown: 'yellow',
}

/** What a policy or all of them say. */
export function verdictText(action: PolicyTrace['verdict'], sink: Sink): string {
  return sink.paint(styles[action], action)
}

function field(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`  ${name.padEnd(7)}${printable(value)}`]
}

function place({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

/** What was tried in a policy, a line each. */
export function policyText(policy: PolicyTrace, sink: Sink): string[] {
  const observe = policy.mode === 'observe' ? ', observe mode' : ''
  const head = `${sink.paint('bold', printable(policy.policy))}: ${verdictText(policy.verdict, sink)}`
  const entry = policy.entry
  return [
    `${head} (${policy.reason ?? 'not known'}${observe}) ${sink.paint('dim', place(policy.at))}`,
    entry === null
      ? '  no entry matches'
      : `  entry ${printable(entry.match)} ${sink.paint('dim', place(entry.at))}`,
    ...policy.rules.flatMap(rule => ruleText(rule, sink)),
  ]
}

const marks: Readonly<Record<RuleTrace['outcome'], string>> = {
  matched: '✓',
  not_matched: '✗',
  error: '!',
  not_reached: '·',
  unknown: '?',
}

function ruleText(rule: RuleTrace, sink: Sink): string[] {
  const outcome = rule.outcome.replace('_', ' ')
  const head = `    ${marks[rule.outcome]} ${printable(rule.rule)}: ${outcome}`
  return [
    `${head} ${sink.paint('dim', place(rule.at))}`,
    ...(rule.condition === undefined ? [] : [`        when ${printable(rule.condition)}`]),
    ...rule.parts.map(part => `          ${printable(part.text)} = ${printable(part.value)}`),
    ...(rule.error === undefined ? [] : [`        ${printable(rule.error)}`]),
    ...(rule.unknown === undefined ? [] : [`        hangs on what is not known: ${rule.unknown}`]),
  ]
}
