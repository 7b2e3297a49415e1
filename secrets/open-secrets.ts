import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from '../lifecycle/run.ts'
import { environmentSecrets } from './environment-secrets.ts'
import { SecretsFailure } from './failure.ts'
import { folderSecrets } from './folder-secrets.ts'
import { kubernetesSecrets } from './kubernetes/kubernetes-secrets.ts'
import { secretApi } from './kubernetes/secret-api.ts'
import { firstOf, type Secrets } from './secrets.ts'
import type { SecretsSetting } from './secrets-setting.ts'
import type { KeySource } from './store/key-files.ts'
import { type SecretStore, secretStore } from './store/secret-store.ts'
import { vaultApi } from './vault/vault-api.ts'
import { vaultSecrets } from './vault/vault-secrets.ts'
import { vaultSession } from './vault/vault-session.ts'
import { type VaultSettings, vaultSettings } from './vault/vault-settings.ts'

export interface SecretsNeeds {
  /** Data folder of the process; its encrypted store is the folder `secrets` in it. */
  readonly dataFolder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Configuration of the Kubernetes API; that of the pod, else that of the user, when omitted. */
  readonly kubeconfig?: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** Backends that are ready to be asked. */
export interface OpenSecrets {
  readonly look: Secrets
  /** What has to run for them: they stay logged in. */
  readonly services: readonly Service[]
  /** Lets go of what is open; call it when the services are down. */
  close(): Promise<void>
}

interface Backend {
  readonly look: Secrets
  readonly service?: Service
  readonly close?: () => Promise<void>
}

/** Opens the backends in their order. Rejects with a SecretsFailure when one of them can never work as it was set up. */
export async function openSecrets(
  settings: readonly SecretsSetting[],
  needs: SecretsNeeds,
): Promise<OpenSecrets> {
  const backends: Backend[] = []
  for (const setting of settings) backends.push(await backend(setting, needs))
  return {
    look: firstOf(backends.map(({ look }) => look)),
    services: backends.flatMap(({ service = [] }) => service),
    async close() {
      for (const { close } of backends) await close?.()
    },
  }
}

/** The encrypted store of a data folder; its key is WRIT_SECRET_KEY, else in a file. */
export function storeIn({ dataFolder, env, now }: Omit<SecretsNeeds, 'log'>): SecretStore {
  const folder = join(dataFolder, 'secrets')
  return secretStore({ folder, key: keySource(folder, env), now })
}

/** Where the key of the store in a folder comes from. */
function keySource(folder: string, env: SecretsNeeds['env']): KeySource {
  const { WRIT_SECRET_KEY: text, WRIT_SECRETS_KEY_FILE: path } = env
  if (text) return { kind: 'given', text }
  return { kind: 'file', path: path || join(folder, 'key') }
}

async function backend(setting: SecretsSetting, needs: SecretsNeeds): Promise<Backend> {
  switch (setting.kind) {
    case 'env':
      return { look: environmentSecrets(needs.env) }
    case 'store': {
      const store = storeIn(needs)
      await store.list()
      return { look: store.look }
    }
    case 'file':
      checkFolder(setting.folder)
      return { look: folderSecrets(setting.folder) }
    case 'vault':
      return vault(vaultSettings(setting.address, needs.env), needs)
    case 'kubernetes':
      return { look: kubernetesSecrets({ api: await secretApi(needs.kubeconfig), now: needs.now }) }
  }
}

function checkFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw new SecretsFailure('setting_unusable', `there is no folder ${folder} with secrets`)
}

function vault(settings: VaultSettings, { now, log }: SecretsNeeds): Backend {
  const api = vaultApi(settings, authorities(settings))
  const session = vaultSession({ api, login: settings.login, now, log })
  const look = vaultSecrets(settings, { api, session, now })
  return { look, service: session, close: api.close }
}

function authorities({ caFile }: VaultSettings): string | null {
  if (caFile === undefined) return null
  try {
    const pem = readFileSync(caFile, 'utf8')
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch {
    throw new SecretsFailure('setting_unusable', `WRIT_VAULT_CA_FILE: ${caFile} cannot be read`)
  }
  throw new SecretsFailure('setting_unusable', `WRIT_VAULT_CA_FILE: ${caFile} holds no certificate`)
}
