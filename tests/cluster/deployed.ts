import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiServer } from './api-server.ts'
import { expectDone } from './approval-world.ts'

/** What a container of a pod would be started with, on this machine. */
export interface Deployed {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
  }
}

/** A part of the file system of a container: what it is, and what it is here. */
interface Mounted {
  readonly path: string
  readonly here: string
}

/**
 * What the kubelet would start the controller of the chart with: arguments, environment and files. Volumes are
 * folders below `folder`, the API is on a free port, and the permissions are those of its service account.
 */
export async function deployedController(
  api: ApiServer,
  folder: string,
  pod = 'writ-controller-0',
): Promise<Deployed> {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod,
    'metadata.namespace': 'writ-system',
    'status.podIP': '127.0.0.1',
  }
  const namespace = 'writ-system'
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/writ-controller`
  const { spec } = (await api.ask('GET', path)).body.spec.template
  const [container] = spec.containers
  const read = (kind: string, name: string) =>
    api.ask('GET', `/api/v1/namespaces/${namespace}/${kind}/${name}`)
  const mounts: readonly Mounted[] = container.volumeMounts.map(
    ({ mountPath }: { mountPath: string }) => ({ path: mountPath, here: join(folder, mountPath) }),
  )
  for (const { name, mountPath } of container.volumeMounts) {
    const volume = spec.volumes.find((volume: { name: string }) => volume.name === name)
    mkdirSync(join(folder, mountPath), { recursive: true, mode: 0o700 })
    for (const [file, content] of await filesOf(volume, read)) {
      writeFileSync(join(folder, mountPath, file), content, { mode: 0o600 })
    }
  }
  const env: Record<string, string> = {}
  for (const variable of container.env as readonly Variable[]) {
    const { secretKeyRef } = variable.valueFrom ?? {}
    const secret = secretKeyRef && (await read('secrets', secretKeyRef.name)).body.data
    const value = secretKeyRef
      ? Buffer.from(secret[secretKeyRef.key], 'base64').toString()
      : (variable.value ?? fields[variable.valueFrom?.fieldRef?.fieldPath ?? ''] ?? '')
    env[variable.name] = moved(value, mounts)
  }
  const account = ['create', 'token', spec.serviceAccountName, '-n', namespace]
  const kubeconfig = api.bearer((await expectDone(api.kubectl(account))).trim())
  const [command, ...args] = (container.args as readonly string[])
    .map(argument => argument.replace(/\$\((\w+)\)/g, (_, name) => env[name] ?? ''))
    .map(argument => moved(argument, mounts).replace(/^--port=\d+$/, '--port=0'))
  return { args: [command ?? '', `--kubeconfig=${kubeconfig}`, ...args], env }
}

function moved(text: string, mounts: readonly Mounted[]): string {
  const inside = mounts.find(({ path }) => text.replace(/^--[a-z-]+=|^file:/, '').startsWith(path))
  return inside === undefined ? text : text.replace(inside.path, inside.here)
}

interface Volume {
  readonly secret?: { readonly secretName: string }
  readonly configMap?: { readonly name: string }
}

async function filesOf(
  volume: Volume,
  read: (kind: string, name: string) => ReturnType<ApiServer['ask']>,
) {
  if (volume.secret) {
    const { data = {} } = (await read('secrets', volume.secret.secretName)).body
    return Object.entries<string>(data).map(
      ([file, text]) => [file, Buffer.from(text, 'base64')] as const,
    )
  }
  if (!volume.configMap) return []
  const { data = {} } = (await read('configmaps', volume.configMap.name)).body
  return Object.entries<string>(data)
}
