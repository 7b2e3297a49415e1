import type { Record as Entry } from '../schemas/record.ts'
import { printable, type Sink, type Style } from './terminal.ts'

/** An entry of the audit as one line: when, what was decided or came of it, what, by which rule, written where. */
export function entryText(entry: Entry, sink: Sink): string {
  const { time, phase, agent = '-', server, at } = entry
  const named = entry.tool ?? entry.model ?? entry.uri ?? entry.prompt ?? ''
  const target = server === undefined ? named : `${server}/${named}`
  const place = at === undefined ? '' : ` ${at.file}:${at.line}:${at.column}`
  return [
    sink.paint('dim', time),
    phase.padEnd(7),
    verdict(entry, sink),
    printable(agent),
    sink.paint('bold', printable(target)),
    printable(because(entry)) + sink.paint('dim', printable(place)),
    ...answered(entry).map(words => printable(words)),
    ...(told(entry) ? [sink.paint('red', printable(entry.error ?? ''))] : []),
  ].join('  ')
}

/** Whom the call waits for, or who let it through, said once for both entries of a call. */
function answered({ phase, approval, approvedBy = [] }: Entry): string[] {
  if (approval === undefined || phase === 'outcome') return []
  const people = approvedBy.map(({ user, surface, reason }) =>
    [`${user} (${surface})`, ...(reason === undefined ? [] : [reason])].join(': '),
  )
  return [people.length === 0 ? approval : `${approval} approved by ${people.join(', ')}`]
}

/** What went wrong; why a refused call was refused, its attempt says already. */
function told({ error, status }: Entry): boolean {
  return error !== undefined && status !== 'refused'
}

const styles: Readonly<Record<string, Style>> = {
  allow: 'green',
  succeeded: 'green',
  collected: 'green',
  deny: 'red',
  failed: 'red',
  refused: 'red',
}

function verdict({ phase, action, status = 'unknown' }: Entry, sink: Sink): string {
  const word = phase === 'attempt' ? action : status
  return sink.paint(styles[word] ?? 'yellow', word.padEnd(9))
}

function because({ reason, policy, rule }: Entry): string {
  const by = [policy, rule].filter(name => name !== undefined).join('/')
  return reason === 'rule' ? by : [reason, by].filter(word => word !== '').join(' ')
}
