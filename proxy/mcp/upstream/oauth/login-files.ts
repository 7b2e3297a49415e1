import { mkdir, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from '../../../../lifecycle/replace-file.ts'
import { type Logins, parseLogin } from './login.ts'

/** A file that is larger than this is no login. */
const mostBytes = 256 * 1024

/** Logins as files, one per namespace and server, that only their owner can read. */
export function loginFiles(folder: string): Logins {
  const fileOf = (namespace: string, server: string) =>
    join(folder, safe(namespace), `${safe(server)}.json`)
  return {
    async read(namespace, server) {
      const text = await readSome(fileOf(namespace, server))
      return text === null ? null : parseLogin(text)
    },
    async write(namespace, server, login) {
      const file = fileOf(namespace, server)
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await replaceFile(file, `${JSON.stringify(login, null, 2)}\n`)
    },
    async remove(namespace, server) {
      await unlink(fileOf(namespace, server)).catch(ignoreMissing)
    },
  }
}

async function readSome(path: string): Promise<string | null> {
  const file = await open(path).catch(ignoreMissing)
  if (file === null) return null
  try {
    const { size } = await file.stat()
    return size > mostBytes ? null : await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

/** Names of resources are safe names of files; nothing else becomes part of a path. */
function safe(name: string): string {
  if (/^[a-z0-9][-a-z0-9.]{0,252}$/.test(name)) return name
  throw new TypeError('this is not the name of a resource')
}
