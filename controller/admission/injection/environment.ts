import type { Container } from './pod.ts'

/** Variables by which clients of models and tools find the sidecar. */
export function baseUrls(port: number): ReadonlyMap<string, string> {
  const sidecar = `http://127.0.0.1:${port}`
  return new Map([
    ['OPENAI_BASE_URL', `${sidecar}/openai/v1`],
    ['ANTHROPIC_BASE_URL', `${sidecar}/anthropic`],
    ['WRIT_MCP_URL', `${sidecar}/mcp/v1`],
  ])
}

/** The container with those variables that it does not set itself; what comes from `envFrom` does not count. */
export function environment(
  container: Container,
  variables: ReadonlyMap<string, string>,
): Container {
  const { env = [] } = container
  const missing = [...variables].filter(([name]) => !env.some(own => own.name === name))
  if (missing.length === 0) return container
  return { ...container, env: [...env, ...missing.map(([name, value]) => ({ name, value }))] }
}
