import { knowsTasks, tasksExtension } from '../approvals/task-shape.ts'
import { type Answer, answerWith, type Exchange, type Firewall } from './exchange.ts'
import { type JsonObject, resultJson } from './rpc.ts'
import type { Session } from './session.ts'
import { writ } from './upstream/connect.ts'
import { envelope, modernVersion } from './upstream/envelope.ts'

/**
 * Everything Writ can carry is announced, whatever the servers of the moment offer: servers come and
 * go with the policies while sessions last. The lists say what is there.
 */
const capabilities: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
}

/** For clients of 2025-11-25. */
const tasks: JsonObject = { list: {}, cancel: {}, requests: { tools: { call: {} } } }

const longestInstructions = 16_384

/** The answer to `initialize`. */
export async function introduceTo(
  firewall: Firewall,
  session: Session,
  id: string | number,
): Promise<Answer> {
  const result: JsonObject = {
    protocolVersion: session.protocol,
    capabilities: { ...capabilities, logging: {}, ...(knowsTasks(session) ? { tasks } : {}) },
    serverInfo: writ.clientInfo,
    ...(await instructionsIn(firewall, session.caller.namespace)),
  }
  return { json: resultJson(id, JSON.stringify(result)) }
}

/** `server/discover`. */
export async function discoverWrit(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  return answerWith(exchange, {
    supportedVersions: [modernVersion],
    capabilities: { ...capabilities, extensions: { [tasksExtension]: {} } },
    ...(await instructionsIn(firewall, exchange.client.caller.namespace)),
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [envelope.serverInfo]: writ.clientInfo },
  })
}

async function instructionsIn({ servers }: Firewall, namespace: string): Promise<JsonObject> {
  const { upstreams } = await servers.freshOffers(namespace)
  const parts = upstreams
    .filter(({ instructions }) => instructions !== '')
    .map(({ name, instructions }) => `# ${name}\n\n${instructions}`)
  const instructions = parts.join('\n\n').slice(0, longestInstructions)
  return instructions === '' ? {} : { instructions }
}
