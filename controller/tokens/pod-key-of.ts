import { createHash } from 'node:crypto'
import { podKeyName, podKeyText } from '../../schemas/pod-key.ts'
import type { TableAgent } from '../../schemas/rule-table.ts'

/** What stands for the key of an agent whose pod calls without one, whichever service account it runs as. */
export function podKeyOf(namespace: string, agent: string): TableAgent['apiKeys'][number] {
  const sha256 = createHash('sha256').update(podKeyText(namespace, agent)).digest('hex')
  return { name: podKeyName('*'), sha256 }
}
