import { request } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { SecretsFailure } from '../failure.ts'

/** The one question that is asked of the Kubernetes API. */
export interface SecretApi {
  /** Takes every status for an answer; rejects with `kubernetes_unreachable` when there is none to be had. */
  get(namespace: string, name: string): Promise<SecretAnswer>
}

/** `body` is what the JSON says, and null when there is none. */
export interface SecretAnswer {
  readonly status: number
  readonly body: unknown
}

const patienceMs = 10_000
/** The API server keeps no object that is larger. */
const mostBytes = 2 * 1024 * 1024

/**
 * The API server of a kubeconfig; that of the pod's service account when there is no file, else that of the user. Rejects
 * with `setting_unusable` when there is none.
 */
export async function secretApi(kubeconfig: string | undefined): Promise<SecretApi> {
  const config = await configOf(kubeconfig)
  const server = config.getCurrentCluster()?.server
  if (server === undefined || URL.parse(server)?.protocol !== 'https:') {
    throw unusable('the kubeconfig names no API server that is reached over https')
  }
  return {
    async get(namespace, name) {
      try {
        return await ask(config, `${server}/api/v1/namespaces/${namespace}/secrets/${name}`)
      } catch (cause) {
        const why = Object(cause).code ?? 'no answer'
        throw new SecretsFailure('kubernetes_unreachable', `the API server is away: ${why}`, {
          cause,
        })
      }
    },
  }
}

async function configOf(kubeconfig: string | undefined): Promise<KubeConfig> {
  // Loaded only where it is used: it is large.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig)
    else if (process.env.KUBERNETES_SERVICE_HOST !== undefined) config.loadFromCluster()
    else config.loadFromDefault()
    return config
  } catch (cause) {
    throw unusable(`${kubeconfig ?? 'the kubeconfig'} cannot be read`, cause)
  }
}

async function ask(config: KubeConfig, url: string): Promise<SecretAnswer> {
  const options = {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(patienceMs),
  }
  await config.applyToHTTPSOptions(options)
  return new Promise((done, fail) => {
    const asked = request(url, options, answer => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > mostBytes) answer.destroy(new RangeError('the answer is too long'))
      })
      answer.once('error', fail)
      answer.once('end', () =>
        done({ status: answer.statusCode ?? 0, body: json(Buffer.concat(chunks)) }),
      )
    })
    asked.once('error', fail)
    asked.end()
  })
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}

function unusable(message: string, cause?: unknown): SecretsFailure {
  return new SecretsFailure('setting_unusable', message, { cause })
}
