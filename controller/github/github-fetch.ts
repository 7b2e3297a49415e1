import { ForgeFailure } from '../forge/failure.ts'

const mostBytes = 16 * 1024 * 1024

/** How long one answer may take; a lost connection is noticed before the whole limit is used up. */
const mostMs = 15_000

/**
 * The `fetch` of a client of one API: it goes to no other origin, since every request carries credentials; it
 * follows no redirect, since a name that leads elsewhere may be somebody else's by now; it reads at most 16 MiB,
 * and takes only JSON for a success. What it does not take is thrown as a ForgeFailure.
 */
export function githubFetch(apiUrl: URL): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.origin !== apiUrl.origin) {
      throw new ForgeFailure('malformed', 'GitHub named an address elsewhere')
    }
    const answer = await fetch(url, { ...init, signal: limited(url, init), redirect: 'manual' })
    const { status, headers } = answer
    const body = await bodyOf(answer)
    if (status >= 300 && status < 400) {
      throw new ForgeFailure('moved', 'GitHub answered that the repository has moved')
    }
    if (answer.ok && !isJson(body)) throw new ForgeFailure('malformed', 'GitHub answered nonsense')
    return new Response(body, { status, headers })
  }
}

/** A token of an app is waited for by others than who asked first, and does not end with that one. */
function limited(url: URL, init: RequestInit | undefined): AbortSignal {
  const late = AbortSignal.timeout(mostMs)
  const shared = url.pathname.endsWith('/access_tokens')
  return init?.signal && !shared ? AbortSignal.any([init.signal, late]) : late
}

async function bodyOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new ForgeFailure('malformed', 'GitHub answered with too much')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
