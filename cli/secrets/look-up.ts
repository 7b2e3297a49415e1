import { resolve } from 'node:path'
import { openSecrets } from '../../secrets/open-secrets.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import type { Terminal } from '../terminal.ts'
import { secretsFailure } from './failure-text.ts'

export interface LookUpOptions {
  readonly data: string
  readonly secrets: readonly SecretsSetting[]
}

/** Does something with the secrets that a proxy with these options would find. Fails with `usage` or `data_unusable`. */
export async function lookingUp<T>(
  { data, secrets }: LookUpOptions,
  { env }: Terminal,
  work: (secrets: Secrets) => Promise<T>,
): Promise<T> {
  try {
    const log = { warn: () => undefined }
    const opened = await openSecrets(secrets, {
      dataFolder: resolve(data),
      env,
      now: Date.now,
      log,
    })
    return await work(opened.look).finally(opened.close)
  } catch (error) {
    throw secretsFailure(error)
  }
}
