import type { LoadedTable } from '../../policy/decide/load.ts'
import type { Account } from '../mcp/account.ts'
import type { Caller } from '../mcp/needs.ts'
import type { Candidate } from './candidates.ts'
import type { Endpoint } from './endpoint.ts'
import type { Gateway, Visit } from './gateway.ts'
import { seesModel } from './judge-model.ts'
import { answerJson, turnAway } from './problem.ts'

/** Answers with the models that the caller could be let use, in the dialect of the endpoint. */
export function listModels(gateway: Gateway, visit: Visit, endpoint: Endpoint): void {
  const { response, caller, request } = visit
  const account = gateway.accounts.of(caller, gateway.now())
  const models = visibleModels(gateway, caller, account)
  const json =
    endpoint.dialect === 'messages'
      ? anthropicList(models, new URLSearchParams(request.url?.split('?', 2)[1] ?? ''))
      : { object: 'list', data: models.map(openaiModel) }
  answerJson(response, 200, JSON.stringify(json))
}

/** Answers with one model, by a name of the list or one that a glob lets through. */
export function showModel(gateway: Gateway, visit: Visit, endpoint: Endpoint, id: string): void {
  const { response, caller } = visit
  const account = gateway.accounts.of(caller, gateway.now())
  const table = gateway.tables.current(caller.namespace)
  const model = table && visibleModel(gateway, table, { caller, account }, id)
  if (model) {
    const json = endpoint.dialect === 'messages' ? anthropicModel(model) : openaiModel(model)
    answerJson(response, 200, JSON.stringify(json))
  } else {
    const message = 'there is no such model here, or it is not for this key'
    turnAway(response, endpoint.dialect, { code: 'model_not_found', message })
  }
}

interface Listed {
  readonly id: string
  readonly candidate: Candidate
}

function visibleModels(gateway: Gateway, caller: Caller, account: Account): readonly Listed[] {
  const table = gateway.tables.current(caller.namespace)
  if (table === null) return []
  const { names } = gateway.catalogues.of(table)
  return names.flatMap(id => visibleModel(gateway, table, { caller, account }, id) ?? [])
}

function visibleModel(
  { catalogues, now }: Gateway,
  table: LoadedTable,
  who: { readonly caller: Caller; readonly account: Account },
  id: string,
): Listed | null {
  const candidates = catalogues.of(table).candidates(id)
  const candidate = candidates.find(candidate => seesModel(table, who, candidate, now()))
  return candidate === undefined ? null : { id, candidate }
}

function openaiModel({ id, candidate }: Listed): object {
  return { id, object: 'model', created: 0, owned_by: candidate.provider.name }
}

function anthropicModel({ id }: Pick<Listed, 'id'>): object {
  return { type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' }
}

const usualPage = 20
const longestPage = 1000

function anthropicList(models: readonly Listed[], query: URLSearchParams): object {
  const ids = models.map(({ id }) => id)
  const after = ids.indexOf(query.get('after_id') ?? '') + 1
  const before = ids.indexOf(query.get('before_id') ?? '')
  const asked = Number(query.get('limit') ?? usualPage)
  const limit = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, longestPage) : usualPage
  const rest = ids.slice(after, before === -1 ? undefined : before)
  const page = rest.slice(0, limit)
  return {
    data: page.map(id => anthropicModel({ id })),
    has_more: rest.length > page.length,
    first_id: page[0] ?? null,
    last_id: page.at(-1) ?? null,
  }
}
