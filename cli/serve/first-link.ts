import type { ControllerClient } from '../controller-client.ts'

/** The address at which the first account of the console is made, or null when there is an account. */
export async function firstLink(client: ControllerClient, controller: URL): Promise<string | null> {
  const made = await client.post('/api/v1/auth/links/first', {})
  if (made.outcome === 'refused') return null
  const { secret } = Object(made.value)
  return new URL(`/#/join/${secret}`, controller).href
}
