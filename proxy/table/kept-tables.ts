import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { digestsOf } from './stages.ts'

/** The last good releases and their tables, on disk, so that a proxy starts without its controller. */
export interface KeptTables {
  /** The text of every release kept; nothing about it has been checked. */
  releases(): Promise<readonly string[]>
  /** The bytes kept under a digest, or null; nothing about them has been checked. */
  table(digest: string): Promise<Buffer | null>
  /** Keeps a release and its tables by digest, the tables first, and forgets tables that no release in force names. */
  keep(
    release: TableRelease,
    tables: ReadonlyMap<string, Buffer>,
    inForce: readonly TableRelease[],
  ): Promise<void>
  /** Forgets what is of other namespaces. */
  keepOnly(namespace: string): Promise<void>
}

/** Opens the folder, made with mode 0700 when it is not there; files in it are readable by their owner only. */
export async function openKeptTables(folder: string): Promise<KeptTables> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const releaseFile = (namespace: string) =>
    join(
      folder,
      `release-${createHash('sha256').update(namespace).digest('hex').slice(0, 32)}.json`,
    )
  const tableFile = (digest: string) => join(folder, `table-${digest.slice('sha256:'.length)}.json`)
  return {
    async releases() {
      const files = (await readdir(folder)).filter(name =>
        /^release-[0-9a-f]{32}\.json$/.test(name),
      )
      return Promise.all(files.map(name => readFile(join(folder, name), 'utf8')))
    },
    async table(digest) {
      return readFile(tableFile(digest)).catch(error => {
        if (error.code === 'ENOENT') return null
        throw error
      })
    },
    async keep(release, tables, inForce) {
      for (const [digest, bytes] of tables) await replaceFile(tableFile(digest), bytes)
      await replaceFile(releaseFile(release.namespace), `${JSON.stringify(release)}\n`)
      const used = new Set([release, ...inForce].flatMap(digestsOf).map(tableFile))
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        if (name.startsWith('table-') && !used.has(path)) await unlink(path)
      }
    },
    async keepOnly(namespace) {
      const own = releaseFile(namespace)
      const kept = await readFile(own, 'utf8').catch(() => '')
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        const isRelease = name.startsWith('release-') && path !== own
        const [, digest = ''] = /^table-([0-9a-f]{64})\.json$/.exec(name) ?? []
        const isTable = digest !== '' && !kept.includes(`sha256:${digest}`)
        if (isRelease || isTable) await unlink(path)
      }
    },
  }
}
