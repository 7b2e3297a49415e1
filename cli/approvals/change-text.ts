import { printable, type Sink, type Style } from '../terminal.ts'
import { targetOf } from './request-row.ts'

/** A message about a request, as far as it is shown. */
export interface Change {
  readonly type: string
  readonly timestamp: string
  readonly namespace: string
  readonly approval_request_id: string
  readonly status: string
  readonly event: { readonly by?: string; readonly detail?: string }
  readonly tool_name?: string
  readonly server?: string | null
  readonly managed_agent_name?: string
  readonly expires_at?: string
}

const styles: Readonly<Record<string, Style>> = {
  approved: 'green',
  consumed: 'green',
  declined: 'red',
  expired: 'red',
  created: 'yellow',
  escalated: 'yellow',
}

/** A change as one line; on a terminal, how to answer a question that is new. */
export function changeText(change: Change, sink: Sink): string {
  const { timestamp, approval_request_id: id, event } = change
  const what = change.type.replace(/^approval_/, '')
  const agent = printable(`${change.namespace}/${change.managed_agent_name ?? ''}`)
  const target = targetOf({
    tool: change.tool_name ?? '',
    ...(change.server && { server: change.server }),
  })
  const by = event.by === undefined ? '' : `by ${printable(event.by)}`
  const line = [
    sink.paint('dim', timestamp),
    sink.paint('bold', printable(id)),
    sink.paint(styles[what] ?? 'dim', printable(what.replaceAll('_', ' ')).padEnd(13)),
    agent,
    sink.paint('bold', target),
    [by, printable(event.detail ?? '')].filter(Boolean).join(': '),
  ].join('  ')
  return what === 'created' && sink.isTerminal ? `${line}\n${hint(id)}` : line
}

function hint(id: string): string {
  const short = printable(id).slice(0, 10)
  return `    writ approvals show ${short}   approve ${short}   deny ${short} --reason TEXT`
}
