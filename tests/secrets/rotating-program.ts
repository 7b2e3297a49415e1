import { join } from 'node:path'
import process from 'node:process'
import { secretStore } from '../../secrets/store/secret-store.ts'

// Sets and rotates until it is killed, and says once that it has begun.
const folder = process.argv[2] ?? ''
const store = secretStore({
  folder,
  key: { kind: 'file', path: join(folder, 'key') },
  now: Date.now,
})
await store.set({ namespace: 'default', name: 'stays', key: 'token' }, 'always')
for (let i = 0; ; i += 1) {
  await store.set({ namespace: 'default', name: 'github', key: 'token' }, `value ${i}`)
  await store.rotate()
  if (i === 0) process.stdout.write('begun\n')
}
