import { join } from 'node:path'
import type { ApiServer } from './api-server.ts'

/** Applies all that is in crds/ as an admin would, and waits until every kind is served. */
export async function installCrds(api: ApiServer): Promise<void> {
  const folder = join(import.meta.dirname, '../../crds')
  const steps = [
    ['apply', '--server-side', '-f', folder],
    ['wait', '--for=condition=Established', '--timeout=60s', '-f', folder],
  ]
  for (const step of steps) {
    const { code, stderr } = await api.kubectl(step)
    if (code !== 0) throw new Error(stderr)
  }
}
