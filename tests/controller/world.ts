import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { type ControllerOptions, createController } from '../../controller/controller.ts'
import { openStore } from '../../controller/store/open-store.ts'
import { type ControllerLink, linkController } from '../../proxy/follow/controller-link.ts'
import { type FollowedTables, followTables } from '../../proxy/follow/follow-tables.ts'

export const tokens = { admin: 'the-token-of-people', proxy: 'the-token-of-proxies' }

/** A service that runs until it is stopped. */
interface Running {
  stop(): Promise<void>
}

/** One installation on a temporary folder. */
export interface World {
  readonly root: string
  /** The folder with policies. */
  readonly policies: string
  /** Log messages with what came with them, oldest first. */
  readonly log: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[]
  write(name: string, text: string): void
  startController(some?: Partial<ControllerOptions>): Promise<Running & { readonly url: URL }>
  /** A link with the token of a proxy. */
  link(url: URL): ControllerLink
  follow(
    link: ControllerLink,
    folder?: string,
    now?: () => number,
  ): Promise<FollowedTables & Running>
  get(url: URL, path: string, token?: string): Promise<Response>
}

let template: Promise<string> | undefined

/** Making a database takes seconds, so it is done once and copied. */
async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-template-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await (await openStore({ folder })).close()
  return folder
}

/** Everything real: files, git, database, HTTP. */
export async function world(t: Test): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'writ-world-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
  const policies = join(root, 'repo', 'policies')
  mkdirSync(policies, { recursive: true })
  const log: World['log'] = []
  const say = (fields: object, message: string) => log.push({ message, fields: { ...fields } })
  const logger = { info: say, warn: say, error: say }
  return {
    root,
    policies,
    log,
    write(name, text) {
      mkdirSync(dirname(join(policies, name)), { recursive: true })
      writeFileSync(join(policies, name), text)
    },
    async startController(some = {}) {
      const store = join(root, 'data', 'store')
      template ??= makeTemplate()
      if (!existsSync(store)) cpSync(await template, store, { recursive: true })
      const stop = new AbortController()
      const controller = createController({
        host: '127.0.0.1',
        port: 0,
        dataFolder: join(root, 'data'),
        source: policies,
        tokens,
        version: '0.0.0-test',
        log: logger,
        ...some,
      })
      const running = controller.run(stop.signal)
      t.teardown(async () => {
        stop.abort()
        await running.catch(() => undefined)
      })
      const url = await Promise.race([
        controller.listening,
        running.then(() => controller.listening),
      ])
      return {
        url,
        async stop() {
          stop.abort()
          await running
        },
      }
    },
    link(url) {
      const link = linkController(url, tokens.proxy)
      t.teardown(() => link.close())
      return link
    },
    async follow(link, folder = join(root, 'proxy'), now = Date.now) {
      const stop = new AbortController()
      const tables = await followTables({ controller: link, folder, log: logger, now })
      const running = tables.run(stop.signal)
      const end = async () => {
        stop.abort()
        await running
      }
      t.teardown(end)
      return Object.assign(tables, { stop: end })
    },
    async get(url, path, token = tokens.admin) {
      return fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } })
    },
  }
}

/** Settles once the condition holds; tap's own limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
}
