import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { openSecrets, storeIn } from '../../secrets/open-secrets.ts'
import { firstOf } from '../../secrets/secrets.ts'
import { secretsSettings } from '../../secrets/secrets-setting.ts'

const github = { name: 'github', key: 'token' }
const place = { namespace: 'default', ...github }

function dataFolder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'writ-data-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const log = { warn: () => undefined }

function open(list: string, dataFolder: string, env: Record<string, string> = {}) {
  return openSecrets(secretsSettings(list), { dataFolder, env, now: Date.now, log })
}

t.test('a list of backends is read as it is written', async t => {
  t.strictSame(
    secretsSettings('store, env,file:some/folder,vault:https://v.example.com/kv,kubernetes'),
    [
      { kind: 'store' },
      { kind: 'env' },
      { kind: 'file', folder: resolve('some/folder') },
      { kind: 'vault', address: 'https://v.example.com/kv' },
      { kind: 'kubernetes' },
    ],
  )
  for (const list of [
    '',
    'store,',
    'env,env',
    'envs',
    'file:',
    'file',
    'vault:',
    'store:x',
    'Env',
    'kubernetes:x',
  ]) {
    t.throws(() => secretsSettings(list), { code: 'setting_unusable' }, list)
  }
})

t.test('backends are asked in order, and the first that has it answers', async t => {
  const folder = dataFolder(t)
  const env = { WRIT_SECRET_GITHUB_TOKEN: 'of the environment' }
  const { look } = await open('store,env', folder, env)
  t.equal(await look('default', github), 'of the environment')
  await storeIn({ dataFolder: folder, env, now: Date.now }).set(place, 'of the store')
  t.equal(await look('default', github), 'of the store')
  t.equal(await look('other', github), 'of the environment')
  const reversed = await open('env,store', folder, env)
  t.equal(await reversed.look('default', github), 'of the environment')
})

t.test('empty text is no secret', async t => {
  const look = firstOf([async () => '', async () => 'second'])
  t.equal(await look('default', github), 'second')
  t.equal(await firstOf([async () => ''])('default', github), null)
})

t.test('a backend that fails is not stood in for by the next', async t => {
  const folder = dataFolder(t)
  const env = { WRIT_SECRET_GITHUB_TOKEN: 'of the environment' }
  const { look } = await open('store,env', folder, env)
  await storeIn({ dataFolder: folder, env, now: Date.now }).set(place, 'of the store')
  writeFileSync(join(folder, 'secrets/store.json'), '{}', { mode: 0o600 })
  await t.rejects(look('default', github), { code: 'store_damaged' })
})

t.test('what can never work is told at the start', async t => {
  const folder = dataFolder(t)
  const refusedWith = async (code: string, list: string, env = {}) =>
    t.rejects(open(list, folder, env), { code }, list)
  await refusedWith('setting_unusable', `file:${folder}/missing`)
  await refusedWith('setting_unusable', 'vault:https://vault.example.com')
  const token = { WRIT_VAULT_TOKEN: 't' }
  const caFile = join(folder, 'ca.pem')
  await refusedWith('setting_unusable', 'vault:https://vault.example.com', {
    ...{ ...token, WRIT_VAULT_CA_FILE: caFile },
  })
  writeFileSync(caFile, 'no certificate')
  await refusedWith('setting_unusable', 'vault:https://vault.example.com', {
    ...{ ...token, WRIT_VAULT_CA_FILE: caFile },
  })
  await storeIn({ dataFolder: folder, env: {}, now: Date.now }).set(place, 'value')
  await refusedWith('key_wrong', 'store', { WRIT_SECRET_KEY: 'A'.repeat(43) })
  await refusedWith('key_unusable', 'store', { WRIT_SECRET_KEY: 'short' })
  mkdirSync(join(folder, 'elsewhere'))
  await refusedWith('key_missing', 'store', {
    WRIT_SECRETS_KEY_FILE: join(folder, 'elsewhere/key'),
  })
  t.equal(await (await open('store', folder)).look('default', github), 'value')
})

t.test('the key of the store is no secret of the environment', async t => {
  const folder = dataFolder(t)
  const env = { WRIT_SECRET_KEY: 'A'.repeat(43), WRIT_VAULT_TOKEN: 't', WRIT_SECRETS: 'env' }
  const { look } = await open('env', folder, env)
  for (const ref of [
    { name: 'key', key: '' },
    { name: '', key: 'key' },
    { name: 'env', key: 'WRIT_SECRET_KEY' },
    { name: 'env', key: 'WRIT_VAULT_TOKEN' },
    { name: 'env', key: 'writ_secret_key' },
  ]) {
    t.equal(await look('default', ref), null)
  }
})
