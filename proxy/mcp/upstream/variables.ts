import { ProxyFailure } from '../../failure.ts'

/** The value of an environment variable that tool servers may see; null when there is none. */
export type Variable = (name: string) => Promise<string | null>

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** A text with every `${NAME}` filled in, once: values are not looked into. Rejects with `secret_missing`, naming the variable. */
export async function filledIn(text: string, variable: Variable): Promise<string> {
  const values = new Map<string, string>()
  for (const [, name = ''] of text.matchAll(reference)) {
    const value = await variable(name)
    if (value === null || value === '') {
      throw new ProxyFailure('secret_missing', `the environment variable ${name} is not set`)
    }
    values.set(name, value)
  }
  return text.replaceAll(reference, (_, name: string) => values.get(name) ?? '')
}

/** An address with every `${NAME}` filled in. Rejects with a ProxyFailure that does not tell the values. */
export async function filledInUrl(url: string, variable: Variable): Promise<string> {
  const filled = await filledIn(url, variable)
  const { protocol, username, password } = URL.parse(filled) ?? {}
  if ((protocol === 'http:' || protocol === 'https:') && username === '' && password === '') {
    return filled
  }
  const problem = `with its variables filled in, ${url} is no http address`
  throw new ProxyFailure('upstream_unreachable', problem)
}
