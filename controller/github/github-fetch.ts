import { ForgeFailure } from '../forge/failure.ts'

const mostBytes = 16 * 1024 * 1024

/** How long one answer may take; a lost connection is noticed before the whole limit is used up. */
const mostMs = 15_000

/**
 * The `fetch` of a client of one API: it goes to no other origin, since every request carries credentials; it
 * follows no redirect, since a name that leads elsewhere may be somebody else's by now; and it reads at most 16 MiB.
 */
export function githubFetch(apiUrl: URL): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.origin !== apiUrl.origin) {
      throw new ForgeFailure('malformed', 'GitHub named an address elsewhere')
    }
    const late = AbortSignal.timeout(mostMs)
    // A token of an app is waited for by others than who asked first, and does not end with that one.
    const shared = url.pathname.endsWith('/access_tokens')
    const signal = init?.signal && !shared ? AbortSignal.any([init.signal, late]) : late
    const answer = await fetch(url, { ...init, signal, redirect: 'manual' })
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
      await answer.body?.cancel()
      throw new ForgeFailure('moved', 'GitHub answered that the repository has moved')
    }
    const { status, headers } = answer
    const body = answer.body?.pipeThrough(bounded()) ?? null
    return new Response(body, { status, headers })
  }
}

function bounded(): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length
      if (bytes <= mostBytes) controller.enqueue(chunk)
      else controller.error(new ForgeFailure('malformed', 'GitHub answered with too much'))
    },
  })
}
