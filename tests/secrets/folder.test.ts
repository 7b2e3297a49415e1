import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod, rename, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { folderSecrets } from '../../secrets/folder-secrets.ts'

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'writ-secrets-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function put(root: string, path: string, text: string | Buffer): void {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text, { mode: 0o644 })
}

const github = { name: 'github', key: 'token' }

t.test(
  'a secret is a file below its namespace, else below its name, else of name and key',
  async t => {
    const root = folder(t)
    const look = folderSecrets(root)
    t.equal(await look('default', github), null)
    put(root, 'github_token', 'flat\n')
    t.equal(await look('default', github), 'flat')
    put(root, 'github/token', 'mounted\r\n')
    t.equal(await look('default', github), 'mounted')
    put(root, 'default/github/token', ' of the namespace \n\n')
    t.equal(await look('default', github), ' of the namespace \n', 'one line end is left out')
    t.equal(await look('other', github), 'mounted')
    t.equal(await folderSecrets(join(root, 'missing'))('default', github), null)
  },
)

t.test('a volume of Kubernetes is read through its links, and a swap is seen at once', async t => {
  const root = folder(t)
  const volume = join(root, 'github')
  put(volume, '..2026_11_21_1/token', 'first')
  put(volume, '..2026_11_21_2/token', 'second')
  symlinkSync('..2026_11_21_1', join(volume, '..data'))
  symlinkSync('..data/token', join(volume, 'token'))
  const look = folderSecrets(root)
  t.equal(await look('default', github), 'first')
  await symlink('..2026_11_21_2', join(volume, '..data_tmp'))
  await rename(join(volume, '..data_tmp'), join(volume, '..data'))
  t.equal(await look('default', github), 'second')
})

t.test('nothing outside of the folder is read', async t => {
  const root = folder(t)
  put(root, 'outside', 'not yours')
  put(root, 'in/ok/token', 'fine')
  symlinkSync(join(root, 'outside'), join(root, 'in', 'github_token'))
  const look = folderSecrets(join(root, 'in'))
  await t.rejects(look('default', github), { code: 'file_unsafe' })
  t.equal(await look('default', { name: 'ok', key: 'token' }), 'fine')
  for (const [namespace, name, key] of [
    ['default', '..', 'outside'],
    ['..', '..', 'outside'],
    ['default', 'ok', '../../outside'],
    ['default', 'ok/..', 'token'],
    ['default', 'ok', '..data'],
    ['default', 'ok', ''],
  ] as const) {
    t.equal(await look(namespace, { name, key }), null, `${name} ${key}`)
  }
})

t.test('a file that others may write, that is no file, or no text, is refused', async t => {
  const root = folder(t)
  const look = folderSecrets(root)
  put(root, 'github/token', 'value')
  for (const mode of [0o666, 0o622, 0o664]) {
    await chmod(join(root, 'github/token'), mode)
    await t.rejects(look('default', github), { code: 'file_unsafe', message: /chmod go-w/ })
  }
  await chmod(join(root, 'github/token'), 0o444)
  t.equal(await look('default', github), 'value')
  mkdirSync(join(root, 'folder/token'), { recursive: true })
  t.equal(await look('default', { name: 'folder', key: 'token' }), null)
  put(root, 'bytes/token', Buffer.from([0xff, 0xfe]))
  await t.rejects(look('default', { name: 'bytes', key: 'token' }), { code: 'value_unusable' })
  put(root, 'long/token', 'x'.repeat(65_537))
  await t.rejects(look('default', { name: 'long', key: 'token' }), { code: 'value_unusable' })
  put(root, 'most/token', 'x'.repeat(65_536))
  t.equal((await look('default', { name: 'most', key: 'token' }))?.length, 65_536)
})
