import type { Objects } from '../objects.ts'

/** Takes a place for the object of one more open question; gives how to leave it, or null when the namespace is full. */
export type Room = (namespace: string) => (() => void) | null

/** At most so many open questions of a namespace have an object; one that is being made counts. */
export function room(objects: Pick<Objects, 'in'>, most: number): Room {
  const making = new Map<string, number>()
  const change = (namespace: string, by: number) => {
    const count = (making.get(namespace) ?? 0) + by
    if (count === 0) making.delete(namespace)
    else making.set(namespace, count)
  }
  return namespace => {
    const made = objects.in(namespace).filter(({ status }) => Object(status).state === 'pending')
    if (made.length + (making.get(namespace) ?? 0) >= most) return null
    change(namespace, 1)
    return () => change(namespace, -1)
  }
}
