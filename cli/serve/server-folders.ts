import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { workTreeOf } from '../../controller/sources/git.ts'
import type { LoadedTable } from '../../policy/decide/load.ts'
import type { Tables } from '../../proxy/mcp/needs.ts'
import type { TableServer } from '../../schemas/rule-table.ts'

/**
 * The folder from which the paths of a source's files are counted: the work tree around it, else the
 * folder that holds it.
 */
export async function rootOfSource(source: string, signal: AbortSignal): Promise<string> {
  const path = resolve(source)
  const isFile = await stat(path).then(
    stats => stats.isFile(),
    () => false,
  )
  const folder = isFile ? dirname(path) : path
  const tree = await workTreeOf(folder, signal)
  if (tree === null) return dirname(path)
  return resolve(folder, ...tree.prefix.split('/').map(part => (part === '' ? '.' : '..')))
}

/**
 * The tables with every `cwd` of a ToolServer made absolute: a table travels between machines and says
 * only where the folder is relative to the file; `root` is where the paths of files begin here.
 */
export function withServerFolders(tables: Tables, root: string): Tables {
  const placed = new WeakMap<LoadedTable, LoadedTable>()
  return {
    caller: (hash, now) => tables.caller(hash, now),
    learn: key => tables.learn?.(key) ?? null,
    local: () => tables.local?.() ?? null,
    enforced: () => tables.enforced?.() ?? {},
    subscribe: listener => tables.subscribe(listener),
    current(namespace) {
      const loaded = tables.current(namespace)
      if (loaded === null) return null
      const known = placed.get(loaded) ?? withFolders(loaded, root)
      placed.set(loaded, known)
      return known
    },
  }
}

function withFolders(loaded: LoadedTable, root: string): LoadedTable {
  const { table } = loaded
  const placed = (server: TableServer): TableServer => {
    const { cwd } = server.spec
    const file = table.files[server.at[0]]?.path
    if (cwd === undefined || file === undefined) return server
    return { ...server, spec: { ...server.spec, cwd: resolve(root, dirname(file), cwd) } }
  }
  return { ...loaded, table: { ...table, servers: table.servers.map(placed) } }
}
