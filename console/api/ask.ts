/** What the controller refused, or why it could not be asked. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  /** Of the answer; 0 when there was none. */
  readonly status: number
  /** What programs match on, where there is one. */
  readonly code: string | undefined

  constructor(status: number, message: string, code?: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Asks the controller on behalf of whoever is signed in. */
export interface Asker {
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T>
}

export interface AskerNeeds {
  /** What is shown with everything that changes something. */
  readonly csrfToken: () => string | undefined
  /** Called when nobody is signed in any more. */
  readonly onSignedOut: () => void
}

/** Requests to the server that the pages came from, with JSON both ways. Rejects with an ApiFailure. */
export function asker({ csrfToken, onSignedOut }: AskerNeeds): Asker {
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const answer = await fetch(path, { ...init, credentials: 'same-origin' }).catch(() => null)
    if (answer === null) throw new ApiFailure(0, 'The controller does not answer.')
    if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
    if (answer.status === 401) onSignedOut()
    throw await failureOf(answer)
  }
  return {
    get(path, query = {}) {
      const words = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, `${value}`]],
      )
      const search = new URLSearchParams(words).toString()
      return ask(search === '' ? path : `${path}?${search}`, {})
    },
    send(method, path, body) {
      const token = csrfToken()
      return ask(path, {
        method,
        headers: {
          ...(token !== undefined && { 'x-csrf-token': token }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    },
  }
}

/** Problem details (RFC 9457), as the controller answers. */
async function failureOf(answer: Response): Promise<ApiFailure> {
  const { detail, code } = await answer.json().catch(() => ({}))
  const message = typeof detail === 'string' ? detail : `The controller answered ${answer.status}.`
  return new ApiFailure(answer.status, message, typeof code === 'string' ? code : undefined)
}
