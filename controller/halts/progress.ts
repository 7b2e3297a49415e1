import type { HaltProgress } from '../../schemas/halt.ts'
import type { SeenProxy } from '../proxies.ts'

/** Proxies that were not heard of for this long are silent, ms. */
const silentAfterMs = 20_000

const mostNamed = 20

/** How far the proxies are that a halt is about; `standing` tells whether they are to refuse, or to refuse no more. */
export function progressOf(
  proxies: readonly SeenProxy[],
  halt: { readonly id: string; readonly namespace?: string | undefined },
  standing: boolean,
  now: number,
): HaltProgress {
  const concerned = proxies.filter(
    ({ namespace }) =>
      namespace === null || halt.namespace === undefined || namespace === halt.namespace,
  )
  const done = ({ report }: SeenProxy) => (report.halts ?? []).includes(halt.id) === standing
  const left = concerned.filter(seen => !done(seen))
  const isSilent = ({ seenAt }: SeenProxy) => now - Date.parse(seenAt) >= silentAfterMs
  const named = (some: readonly SeenProxy[]) =>
    some.slice(0, mostNamed).map(({ report }) => report.proxy)
  return {
    proxies: concerned.length,
    done: concerned.length - left.length,
    waitingFor: named(left.filter(seen => !isSilent(seen))),
    silent: named(left.filter(isSilent)),
  }
}
