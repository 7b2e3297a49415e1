import type { Forge, ForgeAccount, ForgeComment } from '../../../controller/forge/forge.ts'

/** A forge with one issue, kept in memory, for what a thousand rounds would ask of the stub. */
export interface MemoryForge extends Forge {
  /** Somebody writes in the thread. */
  write(author: ForgeAccount, body: string): ForgeComment
  /** Settles when somebody looks at the comment. */
  lookedAt(id: number): Promise<void>
}

const writ: ForgeAccount = { id: 1, login: 'writ', type: 'user' }

/** An empty thread, number 1, of the repository acme/ops. */
export function memoryForge(): MemoryForge {
  const comments = new Map<number, ForgeComment>()
  const looks = new Map<number, PromiseWithResolvers<void>>()
  const lookAt = (id: number) => {
    const look = looks.get(id) ?? Promise.withResolvers<void>()
    looks.set(id, look)
    return look
  }
  const unused = () => Promise.reject(new Error('nobody asks this here'))
  const write = (author: ForgeAccount, body: string): ForgeComment => {
    const id = comments.size + 1
    const at = new Date(Date.UTC(2026, 10, 21, 12, 0, id)).toISOString()
    const comment = {
      ...{ id, thread: 1, repositoryId: 7, author, viaApp: null, body, minimised: false },
      ...{ createdAt: at, updatedAt: at, url: `https://forge.example/1#issuecomment-${id}` },
    }
    comments.set(id, comment)
    return comment
  }
  return {
    write,
    repository: async () => ({ id: 7, name: 'acme/ops', defaultBranch: 'main', url: '' }),
    self: async () => writ,
    thread: async number => ({ number, kind: 'issue', state: 'open', author: writ, locked: false }),
    lookedAt: id => lookAt(id).promise,
    async comment(id) {
      lookAt(id).resolve()
      return comments.get(id) ?? null
    },
    say: async (_, { marker, body }) => ({
      ...write(writ, `<!-- ${marker} -->\n${body}`),
      replaced: null,
    }),
    reply: async (_, body) => write(writ, body),
    ...{ openChanges: unused, change: unused, contributors: unused, changeOf: unused },
    ...{ commentsSince: unused, report: unused, openChange: unused },
  }
}
