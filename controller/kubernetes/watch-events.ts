import type { Readable } from 'node:stream'
import { KubeFailure } from './failure.ts'
import type { KubeObject } from './kube-object.ts'
import { codeOf } from './kube-request.ts'

/** What a watch tells: an object that was added, changed or deleted, or only how far it has come. */
export interface KubeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject
}

/**
 * The events of an answer, one JSON object a line. An event of failure is thrown as a KubeFailure; a line
 * that was cut off when the connection broke is left out, for it comes again.
 */
export async function* watchEvents(body: Readable): AsyncGenerator<KubeEvent> {
  const decoder = new TextDecoder()
  let rest: string[] = []
  for await (const chunk of body) {
    const [first = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n')
    rest.push(first)
    for (const line of lines) {
      yield eventOf(rest.join(''))
      rest = [line]
    }
  }
}

function eventOf(line: string): KubeEvent {
  const event = JSON.parse(line)
  if (event.type !== 'ERROR') return event
  const { code = 500, message = 'the watch failed', reason = '' } = event.object ?? {}
  throw new KubeFailure(codeOf(Number(code), String(reason)), String(message))
}
