import type { Budgets } from '../../../proxy/budgets/budgets.ts'
import type { Halts } from '../../../proxy/halts/halts.ts'
import type { Secrets } from '../../../proxy/mcp/needs.ts'
import { type Test, type World, world } from '../mcp/world.ts'

/** A policy that allows every model. */
export const allModels = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: all-models }
spec:
  models: [{ name: "*", rules: [{ action: allow }] }]
`

/** A ModelProvider document. */
export function provider(name: string, spec: object): string {
  return JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'ModelProvider',
    metadata: { name },
    spec,
  })
}

export const price = { input: '3', output: '15', cacheRead: '0.3', cacheWrite: '3.75' }

/** The credentials of the providers; agents never see them. */
export const credentials = { openai: 'sk-of-the-provider-openai', anthropic: 'sk-ant-of-provider' }

const ofProviders: Secrets = async (_namespace, { name }) =>
  Object.hasOwn(credentials, name) ? credentials[name as keyof typeof credentials] : null

export interface ModelWorld extends World {
  readonly openai: string
  readonly anthropic: string
}

/** A proxy with these documents in force, and where clients of the two wires find it. */
export async function modelWorld(
  t: Test,
  documents: readonly string[],
  options: { secrets?: Secrets; budgets?: Budgets; halts?: Halts } = {},
): Promise<ModelWorld> {
  const made = await world(t, documents, { secrets: ofProviders, ...options })
  const at = (path: string) => new URL(path, made.url).href
  return Object.assign(made, { openai: at('/openai/v1'), anthropic: at('/anthropic') })
}
