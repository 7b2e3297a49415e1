import type { Kysely } from 'kysely'
import Type from 'typebox'
import { closed, instant, text } from '../../schemas/field.ts'
import { searchable } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'
import { listSessions, type SessionCursor } from '../usage/list-sessions.ts'
import { declare } from './declare.ts'
import { timesOf } from './instant-word.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'
import { sums, sumsAnswer } from './usage-answer.ts'

const Query = closed(
  {
    namespace: Type.Optional(text('Sessions in this namespace.', 253)),
    agent: Type.Optional(text('Sessions of this agent.', 253)),
    user: Type.Optional(text('Sessions of agents of this user.', 253)),
    session: Type.Optional(text('Sessions with this id.', 512)),
    since: Type.Optional(text('That called at this instant or later.', 64)),
    until: Type.Optional(text('That called last before this instant.', 64)),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many.' }),
    after: Type.Optional(text('The `next` of an earlier answer.', 512)),
  },
  'Which sessions; each word narrows.',
)

const { lastAt: _, ...counted } = sums
const count = (description: string) => Type.Integer({ minimum: 0, description })

const Session = closed(
  {
    id: Type.String({ description: 'Id, as the agent named it or the proxy did.' }),
    namespace: Type.String({ description: 'Namespace.' }),
    agent: Type.Optional(Type.String({ description: 'Agent.' })),
    user: Type.Optional(Type.String({ description: 'Owner of the agent.' })),
    startedAt: instant('When its first call ended.'),
    lastActivity: instant('When its last call ended.'),
    lastModel: Type.Optional(Type.String({ description: 'The model that was called last.' })),
    modelCalls: count('Calls of models.'),
    toolCalls: count('Calls of tools.'),
    ...counted,
  },
  'A session of an agent, and what it used.',
)

const Page = closed(
  {
    sessions: Type.Array(Session, { description: 'Those that called last first.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of sessions.',
)

/** The sessions of agents, as far as anything of them was forwarded. */
export function sessionRoutes(db: Kysely<Database>): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/runtime-sessions',
      roles: ['admin'],
      permission: 'view_sessions',
      summary: 'Sessions of agents, what they called, used and cost; a page.',
      query: Query,
      answers: { 200: { description: 'A page of sessions.', schema: Page } },
      handle: async ({ query }, response) => {
        const { limit, after, since: _since, until: _until, ...words } = query
        const filter = { ...words, ...timesOf(query) }
        const { sessions, next } = await listSessions(db, filter, cursorOf(after), limit)
        response.json({
          sessions: sessions.map(sessionAnswer),
          next: next === null ? null : cursorText(next),
        })
      },
    }),
  ]
}

type Listed = Awaited<ReturnType<typeof listSessions>>['sessions'][number]

function sessionAnswer(row: Listed) {
  const { lastAt: lastActivity, ...used } = sumsAnswer(row)
  return {
    id: row.session,
    namespace: row.namespace,
    ...(row.agent !== '' && { agent: row.agent }),
    ...(row.user_name !== '' && { user: row.user_name }),
    startedAt: row.started_at.toISOString(),
    lastActivity,
    ...(row.last_model !== '' && { lastModel: row.last_model }),
    modelCalls: row.model_calls,
    toolCalls: row.tool_calls,
    ...used,
  }
}

function cursorText({ time, key }: SessionCursor): string {
  return Buffer.from(JSON.stringify([time, key])).toString('base64url')
}

function cursorOf(given: string | undefined): SessionCursor | null {
  if (given === undefined) return null
  const read = readText(given)
  if (read === null) throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
  return read
}

function readText(text: string): SessionCursor | null {
  try {
    const [time, key] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const sound = Number.isSafeInteger(time) && Math.abs(time) <= 8.64e15
    return sound && typeof key === 'string' ? { time, key: searchable(key) ?? '' } : null
  } catch {
    return null
  }
}
