import { backoff } from '../../../lifecycle/backoff.ts'
import { Cancellation } from '../cancellation.ts'
import { isObject } from '../rpc.ts'
import { outgoing } from './introduction.ts'
import type { Incoming, Link } from './link.ts'

/**
 * Has a stateless server tell of changed lists, on a stream that is opened again whenever it ends.
 * Servers with sessions tell by themselves. The returned function stops it.
 */
export function listenForChanges(link: Link, onMessage: (message: Incoming) => void): () => void {
  const { tools, prompts, resources } = link.introduction.capabilities
  const tells = [tools, prompts, resources].some(
    capability => isObject(capability) && capability.listChanged === true,
  )
  if (link.era === 'legacy' || !tells) return () => undefined
  const stop = new Cancellation()
  const retry = backoff(1000, 60_000)
  const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
  let again: NodeJS.Timeout | undefined
  const listen = () => {
    const request = {
      ...outgoing('subscriptions/listen', { notifications: filter }, 0),
      cancellation: stop,
      onMessage,
    }
    const onOver = () => {
      if (!stop.aborted) again = setTimeout(listen, retry.next())
    }
    link.request(request).then(onOver, onOver)
  }
  listen()
  return () => {
    clearTimeout(again)
    stop.abort()
  }
}
