import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { chmod, copyFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type SecretStore, secretStore } from '../../secrets/store/secret-store.ts'

interface World {
  readonly folder: string
  readonly key: string
  readonly path: string
  readonly store: SecretStore
}

const now = () => Date.parse('2026-11-21T12:00:00Z')
const at = '2026-11-21T12:00:00.000Z'

function world(t: Test): World {
  const folder = mkdtempSync(join(tmpdir(), 'writ-store-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const key = join(folder, 'key')
  const store = secretStore({ folder, key: { kind: 'file', path: key }, now })
  return { folder, key, path: join(folder, 'store.json'), store }
}

const github = { namespace: 'default', name: 'github', key: 'token' }
const look = (store: SecretStore, { namespace, name, key } = github) =>
  store.look(namespace, { name, key })

t.test(
  'a secret that was set is found under its namespace, name and key, and nowhere else',
  async t => {
    const { store } = world(t)
    t.equal(await look(store), null)
    t.equal(await store.set(github, 'first'), 'made')
    t.equal(await store.set(github, 'second ✓'), 'replaced')
    t.equal(await look(store), 'second ✓')
    t.equal(await look(store, { ...github, namespace: 'other' }), null)
    t.equal(await look(store, { ...github, name: 'gitlab' }), null)
    t.equal(await look(store, { ...github, key: 'password' }), null)
    t.strictSame(await store.list(), [{ ...github, at }])
    t.equal(await store.delete(github), true)
    t.equal(await store.delete(github), false)
    t.equal(await look(store), null)
  },
)

t.test('nothing is made on disk before something is kept', async t => {
  const { folder, store } = world(t)
  t.equal(await look(store), null)
  t.strictSame(await store.list(), [])
  t.strictSame(readdirSync(folder), [])
})

t.test('files hold no value in the clear and are for their owner only', async t => {
  const { folder, store } = world(t)
  const value = randomBytes(24).toString('hex')
  await store.set(github, value)
  t.strictSame(readdirSync(folder).sort(), ['key', 'store.json'])
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    t.notOk(text.includes(value), name)
    t.notOk(text.includes(Buffer.from(value).toString('base64url')), name)
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  }
})

t.test('another process that changes the store is seen at the next look', async t => {
  const { folder, key, store } = world(t)
  await store.set(github, 'old')
  t.equal(await look(store), 'old')
  const other = secretStore({ folder, key: { kind: 'file', path: key }, now })
  await other.set(github, 'new')
  t.equal(await look(store), 'new')
  await other.rotate()
  t.equal(await look(store), 'new')
  await other.delete(github)
  t.equal(await look(store), null)
})

t.test('writers at once lose nothing', async t => {
  const { folder, key, store } = world(t)
  const other = secretStore({ folder, key: { kind: 'file', path: key }, now })
  const names = Array.from({ length: 12 }, (_, i) => `s${i}`)
  await Promise.all(
    names.map((name, i) => (i % 2 ? store : other).set({ ...github, name }, `value of ${name}`)),
  )
  const found = await Promise.all(names.map(name => look(store, { ...github, name })))
  t.strictSame(
    found,
    names.map(name => `value of ${name}`),
  )
})

t.test('values that are empty or too long are not kept', async t => {
  const { store } = world(t)
  await t.rejects(store.set(github, ''), { code: 'value_unusable' })
  await t.rejects(store.set(github, 'x'.repeat(65_537)), { code: 'value_unusable' })
  t.strictSame(await store.list(), [])
})

interface Edited {
  keyId: string
  entries: { namespace: string; name: string; sealed: string }[]
  seal: string
}

async function edit(path: string, change: (store: Edited) => void): Promise<void> {
  const store = JSON.parse(readFileSync(path, 'utf8')) as Edited
  change(store)
  await writeFile(path, JSON.stringify(store))
}

t.test('a store that somebody changed is refused whole', async t => {
  const gitlab = { ...github, name: 'gitlab' }
  const changes: Record<string, (store: Edited) => void> = {
    'a value was damaged': ({ entries: [one] }) => {
      one!.sealed = `${one!.sealed[0] === 'A' ? 'B' : 'A'}${one!.sealed.slice(1)}`
    },
    'a value was moved to another name': ({ entries: [one, two] }) => {
      ;[one!.sealed, two!.sealed] = [two!.sealed, one!.sealed]
    },
    'a value was moved to another namespace': ({ entries: [one] }) => {
      one!.namespace = 'other'
    },
    'a value was taken away': store => {
      store.entries.pop()
    },
    'a value was added': store => {
      store.entries.push({ ...store.entries[0]!, name: 'added' })
    },
    'the seal is gone': store => {
      store.seal = ''
    },
  }
  for (const [what, change] of Object.entries(changes)) {
    await t.test(what, async t => {
      const { path, store } = world(t)
      await store.set(github, 'one')
      await store.set(gitlab, 'two')
      await edit(path, change)
      await t.rejects(look(store), { code: 'store_damaged' })
      await t.rejects(store.list(), { code: 'store_damaged' })
      await t.rejects(store.set(github, 'three'), { code: 'store_damaged' })
      await t.rejects(store.rotate(), { code: 'store_damaged' })
    })
  }
})

t.test('what is no store is refused, in words without what it holds', async t => {
  const { path, store } = world(t)
  for (const text of [
    '',
    'not json with hunter2',
    '{}',
    '[]',
    '{"format":"writ.dev/secrets/v1"}',
  ]) {
    await writeFile(path, text, { mode: 0o600 })
    await t.rejects(look(store), { code: 'store_damaged' })
    await look(store).catch(error => t.notMatch(String(error), 'hunter2'))
  }
})

t.test('another key and no key are told apart', async t => {
  const { folder, key, store } = world(t)
  await store.set(github, 'one')
  await rename(key, `${key}.away`)
  const fresh = () => secretStore({ folder, key: { kind: 'file', path: key }, now })
  await t.rejects(look(fresh()), { code: 'key_missing' })
  await t.rejects(fresh().set(github, 'two'), { code: 'key_missing' })
  await writeFile(key, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  await t.rejects(look(fresh()), { code: 'key_wrong' })
  await t.rejects(fresh().set(github, 'two'), { code: 'key_wrong' })
  await writeFile(key, 'too short\n')
  await t.rejects(look(fresh()), { code: 'key_unusable' })
  await rename(`${key}.away`, key)
  t.equal(await look(fresh()), 'one')
})

t.test('files that others may read are not believed', async t => {
  const { folder, key, path, store } = world(t)
  await store.set(github, 'one')
  const fresh = () => secretStore({ folder, key: { kind: 'file', path: key }, now })
  await chmod(key, 0o640)
  await t.rejects(look(fresh()), { code: 'file_unsafe', message: /chmod 600/ })
  await chmod(key, 0o600)
  await chmod(path, 0o644)
  await t.rejects(look(fresh()), { code: 'file_unsafe' })
  await chmod(path, 0o600)
  t.equal(await look(fresh()), 'one')
})

t.test('a rotation keeps every value and nothing of the old key', async t => {
  const { folder, key, path, store } = world(t)
  await store.set(github, 'one')
  await store.set({ ...github, namespace: 'other' }, 'two')
  const [oldKey, oldStore] = [readFileSync(key, 'utf8').trim(), readFileSync(path, 'utf8')]
  t.equal(await store.rotate(), 2)
  t.equal(await look(store), 'one')
  t.equal(await look(store, { ...github, namespace: 'other' }), 'two')
  t.strictSame(readdirSync(folder).sort(), ['key', 'store.json'])
  const [newKey, newStore] = [readFileSync(key, 'utf8').trim(), readFileSync(path, 'utf8')]
  t.not(newKey, oldKey)
  t.not(JSON.parse(newStore).keyId, JSON.parse(oldStore).keyId)
  const sealed = (text: string) => (JSON.parse(text) as Edited).entries.map(entry => entry.sealed)
  t.strictSame(
    sealed(newStore).filter(text => sealed(oldStore).includes(text)),
    [],
  )
  const withOld = secretStore({ folder, key: { kind: 'given', text: oldKey }, now })
  await t.rejects(look(withOld), { code: 'key_wrong' })
})

t.test(
  'an interrupted rotation is readable at every step and ended by the next change',
  async t => {
    const { folder, key, path, store } = world(t)
    await store.set(github, 'one')
    await copyFile(key, join(folder, 'old-key'))
    await copyFile(path, join(folder, 'old-store'))
    await store.rotate()
    const fresh = () => secretStore({ folder, key: { kind: 'file', path: key }, now })

    await t.test('before the store was written', async t => {
      await rename(key, `${key}.next`)
      await copyFile(join(folder, 'old-key'), key)
      await copyFile(path, join(folder, 'new-store'))
      await copyFile(join(folder, 'old-store'), path)
      t.equal(await look(fresh()), 'one')
      await copyFile(`${key}.next`, join(folder, 'new-key'))
      await fresh().set(github, 'two')
      t.notOk(existsSync(`${key}.next`))
      t.equal(await look(fresh()), 'two')
    })

    await t.test('after the store was written', async t => {
      await copyFile(join(folder, 'new-key'), `${key}.next`)
      await copyFile(join(folder, 'new-store'), path)
      t.equal(await look(fresh()), 'one')
      await fresh().set(github, 'three')
      t.notOk(existsSync(`${key}.next`))
      t.equal(readFileSync(key, 'utf8'), readFileSync(join(folder, 'new-key'), 'utf8'))
      t.equal(await look(fresh()), 'three')
    })
  },
)

t.test('a key that is given is in no file, and changes to another one that is given', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'writ-store-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('hex')]
  const withKey = (text: string) => secretStore({ folder, key: { kind: 'given', text }, now })
  await withKey(first).set(github, 'one')
  t.strictSame(readdirSync(folder), ['store.json'])
  await t.rejects(withKey(first).rotate(), { code: 'key_unusable' })
  await t.rejects(withKey(first).rotate(first), { code: 'key_unusable' })
  t.equal(await withKey(first).rotate(second), 1)
  t.equal(await look(withKey(second)), 'one')
  await t.rejects(look(withKey(first)), { code: 'key_wrong' })
})

t.test('a store survives kill -9 at any moment of setting and rotating', async t => {
  const { folder, key } = world(t)
  const program = join(import.meta.dirname, 'rotating-program.ts')
  for (let i = 0; i < 6; i += 1) {
    const child = spawn(process.execPath, [program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await new Promise(resolve => setTimeout(resolve, 7 * i + 3))
    child.kill('SIGKILL')
    await once(child, 'close')
    const store = secretStore({ folder, key: { kind: 'file', path: key }, now })
    t.match(await look(store), /^value \d+$/)
    t.equal(await look(store, { ...github, name: 'stays' }), 'always')
  }
  const store = secretStore({ folder, key: { kind: 'file', path: key }, now })
  await store.rotate()
  t.strictSame(
    readdirSync(folder).filter(name => /tmp$|next$/.test(name)),
    [],
  )
})
