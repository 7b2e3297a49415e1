import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { ControllerQuestions } from '../../../proxy/approvals/controller-questions.ts'
import { NewsDesk } from '../../../proxy/approvals/news-desk.ts'
import { OpenRequest } from '../../../proxy/approvals/open-request.ts'
import { parseNews } from '../../../proxy/approvals/parse-news.ts'
import { patienceFor } from '../../../proxy/approvals/patience.ts'
import { Rounds } from '../../../proxy/approvals/rounds.ts'
import { Shelf } from '../../../proxy/approvals/shelf.ts'
import { linkController } from '../../../proxy/follow/controller-link.ts'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import type { ApprovalState } from '../../../schemas/approval-state.ts'
import { until } from '../../controller/world.ts'

const owner = { namespace: 'default', agent: 'bot', keySha256: '0'.repeat(64) }

function news(state: ApprovalState, id = 'apr-0000000000000001'): ApprovalNews {
  return {
    id,
    digest: `sha256:${'1'.repeat(64)}`,
    asker: owner,
    state,
    expiresAt: '2026-11-21T12:00:00.000Z',
    required: 1,
    received: 0,
    escalated: false,
    approvedBy: [],
  }
}

/** A controller as plain as can be, which keeps what it is asked. */
async function plainController(t: Test) {
  const streams = new Set<ServerResponse>()
  const asked: string[] = []
  let answer: (path: string) => object | number = () => ({ news: [] })
  const http = createServer((request, response) => {
    if (request.url?.endsWith('/stream')) {
      streams.add(response)
      response.once('close', () => streams.delete(response))
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
      return
    }
    void text(request).then(body => {
      asked.push(`${request.url} ${body}`)
      const given = answer(request.url ?? '')
      if (typeof given === 'number') response.writeHead(given).end()
      else response.end(JSON.stringify(given))
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const link = linkController(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, 'token')
  const logged: string[] = []
  const log = { warn: (_: object, message: string) => void logged.push(message) }
  const questions = new ControllerQuestions({ controller: link, proxy: 'p', log })
  const stop = new AbortController()
  const running = questions.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
    await link.close()
    http.closeAllConnections()
    http.close()
  })
  return {
    questions,
    streams,
    asked,
    answers(next: typeof answer) {
      answer = next
    },
    tell: (one: ApprovalNews) => {
      for (const stream of streams) stream.write(`event: news\ndata: ${JSON.stringify(one)}\n\n`)
    },
  }
}

t.test('the stream of news', async t => {
  const { questions, streams, asked, answers, tell } = await plainController(t)
  const heard: string[] = []

  await t.test('is open only while somebody wants to hear', async t => {
    t.equal(streams.size, 0)
    t.equal(questions.live, false)
    answers(() => ({ news: [news('pending')] }))
    questions.watch('apr-0000000000000001', told => heard.push(told?.state ?? 'unknown'))
    questions.watch('apr-0000000000000002', told => heard.push(told?.state ?? 'unknown'))
    await until(() => questions.live)
    t.equal(streams.size, 1, 'one for all')
  })

  await t.test('begins with how things stand', async t => {
    t.strictSame(asked, [
      '/api/v1/approvals/news {"ids":["apr-0000000000000001","apr-0000000000000002"]}',
    ])
    t.strictSame(heard.splice(0), ['pending', 'unknown'])
  })

  await t.test('is opened again after it broke, and then nothing is missed', async t => {
    answers(() => ({ news: [news('approved'), news('pending', 'apr-0000000000000002')] }))
    for (const stream of streams) stream.destroy()
    await until(() => heard.length === 2)
    t.strictSame(heard.splice(0), ['approved', 'pending'])
    tell(news('denied', 'apr-0000000000000002'))
    await until(() => heard.length === 1)
    t.strictSame(heard.splice(0), ['denied'])
  })

  await t.test('says to who comes late what it said last', async t => {
    tell(news('expired', 'apr-0000000000000003'))
    tell(news('pending', 'apr-0000000000000001'))
    await until(() => heard.length === 1)
    const late: unknown[] = []
    questions.watch('apr-0000000000000003', told => late.push(told?.state))
    t.strictSame(late, ['expired'])
  })
})

t.test('what cannot be asked has a reason', async t => {
  const { questions, answers } = await plainController(t)
  const code = async (status: number) => {
    answers(() => status)
    return questions.ask({} as never).then(
      () => 'asked',
      error => error.code,
    )
  }
  t.equal(await code(500), 'controller_away')
  t.equal(await code(422), 'question_refused')
  t.equal(await code(413), 'question_too_large')
  t.equal(await code(429), 'too_many_questions')
  t.equal(await code(204), 'news_malformed')
  answers(() => ({ ...news('approved'), state: 'sure' }))
  await t.rejects(questions.ask({} as never), { code: 'news_malformed' })
  answers(() => 404)
  t.equal(await questions.claim('apr-0000000000000001', {} as never), null)
  answers(() => ({ granted: 'yes', news: news('consumed') }))
  await t.rejects(questions.claim('apr-0000000000000001', {} as never), { code: 'news_malformed' })
})

t.test('news that are not news are turned down', async t => {
  for (const wrong of [
    null,
    [],
    { ...news('pending'), id: 'apr-1' },
    { ...news('pending'), digest: '' },
    { ...news('pending'), expiresAt: 'soon' },
    { ...news('pending'), asker: undefined },
    { ...news('pending'), approvedBy: {} },
  ]) {
    t.throws(() => parseNews(wrong), { code: 'news_malformed' })
  }
  t.strictSame(parseNews(news('void')), news('void'))
})

t.test('a request goes forward only', async t => {
  const request = new OpenRequest(news('pending'), owner, ['one'])
  const seen: string[] = []
  request.onChange(() => seen.push(request.news.state))
  for (const state of ['approved', 'pending', 'consumed', 'approved', 'denied', 'void'] as const) {
    request.hear(news(state))
  }
  request.hear(null)
  t.strictSame(seen, ['approved', 'consumed'])
  t.equal(request.news.state, 'consumed')
})

t.test('nobody is told twice who listens no more', async t => {
  const desk = new NewsDesk()
  const heard: unknown[] = []
  const stop = desk.watch('apr-0000000000000001', told => heard.push(told?.state))
  desk.hear(news('pending'))
  stop()
  desk.hear(news('approved'))
  t.strictSame(heard, ['pending'])
  t.strictSame(desk.watched(), [])
})

t.test('a call is held as long as the least patient of its workflows', async t => {
  const workflow = (name: string, spec: object) => ({ name, spec })
  const workflows = [
    workflow('quick', { inlineWait: '2s' }),
    workflow('slow', { inlineWait: '10m' }),
    workflow('async', { mode: 'async', inlineWait: '5s' }),
    workflow('plain', {}),
  ]
  const table = { table: { workflows } } as never
  t.equal(patienceFor(table, ['slow', 'quick']), 2000)
  t.equal(patienceFor(table, ['plain', 'slow']), 25_000)
  t.equal(patienceFor(table, ['slow', 'async']), 0)
  t.equal(patienceFor(table, ['']), 25_000)
  t.equal(patienceFor(null, ['quick']), 25_000)
  t.equal(patienceFor(table, []), 0)
})

t.test('a shelf holds what fits', async t => {
  const dropped: string[] = []
  const shelf = new Shelf<string>(10, thing => dropped.push(thing))
  for (const [thing, bytes] of [
    ['a', 4],
    ['b', 4],
    ['a', 5],
    ['c', 4],
    ['d', 11],
  ] as const) {
    shelf.put(thing, bytes)
  }
  t.strictSame(dropped, ['b', 'a', 'c', 'd'])
})

t.test('each state of a round is good once, for ten minutes', async t => {
  const request = new OpenRequest(news('consumed'), owner, ['one'])
  const round = { request, prepare: () => Promise.reject(new Error('not here')) }
  const clock = { now: 0 }
  const rounds = new Rounds(() => clock.now)
  const take = (requestState: string) =>
    rounds.take(request.digest, { inputResponses: {}, requestState })
  rounds.remember(round, { content: [] })
  t.equal(take('x'), null)
  rounds.remember(round, { resultType: 'input_required', requestState: 'x' })
  t.equal(rounds.take('sha256:other', { inputResponses: {}, requestState: 'x' }), null)
  t.equal(rounds.take(request.digest, { requestState: 'x' }), null)
  t.equal(take('x')?.request, request)
  t.equal(take('x'), null)
  rounds.remember(round, { resultType: 'input_required', requestState: 'y' })
  clock.now = 600_000
  t.equal(take('y'), null)
})
