import { serviceAccountOfKey } from '../../schemas/pod-key.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { podKeyOf } from '../tokens/pod-key-of.ts'
import type { Caller } from './caller.ts'
import { RequestFailure } from './problem-answer.ts'

interface PodSpeechNeeds {
  current(): readonly { readonly namespace: string; readonly digest: string }[]
  /** The canonical text of a table, or null when it is not kept. */
  body(digest: string): Promise<string | null>
}

/** Who speaks, by which key, as which agent. */
interface Speech {
  readonly namespace: string
  readonly agent: string
  readonly keySha256: string
}

/** Keeps a pod that shows no key of an agent from speaking as one whose service account it has not. */
export interface PodSpeech {
  /** Rejects with a RequestFailure. Who shows a key of the agent speaks by the key. */
  expect(caller: Caller, speech: Speech): Promise<void>
}

/** Knows the service accounts of agents by the tables in force; each is read once. */
export function podSpeech(releases: PodSpeechNeeds): PodSpeech {
  let known = new Map<string, Accounts>()
  const accountsIn = async (namespace: string): Promise<Accounts> => {
    const release = releases.current().find(release => release.namespace === namespace)
    if (release === undefined) return new Map()
    const accounts = known.get(release.digest) ?? accountsOf(await releases.body(release.digest))
    const digests = new Set(releases.current().map(({ digest }) => digest))
    known = new Map([...known, [release.digest, accounts] as const].filter(([d]) => digests.has(d)))
    return accounts
  }
  return {
    async expect(caller, { namespace, agent, keySha256 }) {
      if (keySha256 !== podKeyOf(namespace, agent).sha256) return
      const account = caller.role === 'proxy' ? caller.pod?.serviceAccount : undefined
      const allowed = (await accountsIn(namespace)).get(agent)
      if (account !== undefined && (allowed?.includes(account) ?? true)) return
      throw new RequestFailure(403, `You do not speak for the agent ${agent}.`, 'foreign_agent')
    },
  }
}

/** Service accounts by agent, of those that name some. */
type Accounts = ReadonlyMap<string, readonly string[]>

function accountsOf(body: string | null): Accounts {
  const { agents = [] } = JSON.parse(body ?? '{}') as Partial<RuleTable>
  return new Map(
    agents.flatMap(({ name, serviceAccounts }) =>
      serviceAccounts === undefined ? [] : [[name, serviceAccounts] as const],
    ),
  )
}

/** Throws a RequestFailure when an entry says that a pod with another service account called without a key. */
export function expectOwnAccount(caller: Caller, apiKeys: Iterable<string | null>): void {
  const account = caller.role === 'proxy' ? caller.pod?.serviceAccount : undefined
  for (const apiKey of apiKeys) {
    const named = serviceAccountOfKey(apiKey ?? '')
    if (named !== null && named !== account) {
      throw new RequestFailure(403, `You do not run as ${named}.`, 'foreign_agent')
    }
  }
}
