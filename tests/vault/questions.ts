/** A question to a vault as Writ asks it; tokens by name. */
export interface Question {
  readonly what: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly token?: 'root' | 'reader' | 'stranger'
  readonly namespace?: string
  readonly body?: { readonly role: string; readonly jwt: 'genuine' | 'other' } | object
}

/** A question, and what the real server answered; what differs every time is written as a word. */
export interface Exchange extends Question {
  readonly status: number
  readonly answer: unknown
}

const secret = 'secret/data/writ/default'

/** Everything that Writ ever asks, and every way in which it is answered. */
export const questions: readonly Question[] = [
  { what: 'a secret', method: 'GET', path: `${secret}/github`, token: 'reader' },
  { what: 'nothing', method: 'GET', path: `${secret}/nothing`, token: 'reader' },
  { what: 'deleted', method: 'GET', path: `${secret}/gone`, token: 'reader' },
  {
    ...{ what: 'not allowed', method: 'GET' },
    ...{ path: 'secret/data/private/default/github', token: 'reader' },
  },
  { what: 'unknown token', method: 'GET', path: `${secret}/github`, token: 'stranger' },
  { what: 'no mount', method: 'GET', path: 'nowhere/data/writ/default/github', token: 'root' },
  {
    ...{ what: 'in a namespace', method: 'GET', path: `${secret}/github` },
    ...{ token: 'root', namespace: 'team' },
  },
  { what: 'a token', method: 'GET', path: 'auth/token/lookup-self', token: 'reader' },
  { what: 'a token for ever', method: 'GET', path: 'auth/token/lookup-self', token: 'root' },
  { what: 'no token', method: 'GET', path: 'auth/token/lookup-self', token: 'stranger' },
  { what: 'renewed', method: 'POST', path: 'auth/token/renew-self', token: 'reader', body: {} },
  {
    what: 'not renewed',
    method: 'POST',
    path: 'auth/token/renew-self',
    token: 'stranger',
    body: {},
  },
  {
    ...{ what: 'logged in', method: 'POST', path: 'auth/kubernetes/login' },
    body: { role: 'writ', jwt: 'genuine' },
  },
  {
    ...{ what: 'of another role', method: 'POST', path: 'auth/kubernetes/login' },
    body: { role: 'other', jwt: 'genuine' },
  },
  {
    ...{ what: 'with another token', method: 'POST', path: 'auth/kubernetes/login' },
    body: { role: 'writ', jwt: 'other' },
  },
]
