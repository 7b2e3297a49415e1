import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { ApprovalClaimAnswer, ApprovalNews } from '../../schemas/approval.ts'
import type { ControllerLink } from '../follow/controller-link.ts'
import { readEvents } from '../follow/read-events.ts'
import type { NewClaim, NewQuestion, Questions } from '../mcp/needs.ts'
import { exchangeJson } from './exchange-json.ts'
import { NewsDesk } from './news-desk.ts'
import { parseClaimAnswer, parseNews, parseNewsList } from './parse-news.ts'

export interface ControllerQuestionsOptions {
  readonly controller: ControllerLink
  /** Name of this proxy. */
  readonly proxy: string
  readonly log: { warn(fields: object, message: string): void }
}

const path = '/api/v1/approvals'
const lingerMs = 30_000
const mostAtOnce = 1000
const mostTries = 5
/** A controller that starts anew takes seconds, and a use that was granted in vain is gone: 8 to 15 s of tries. */
const claimTries = 6

/**
 * Asks people through the controller. As a service it follows the news over one stream, which is open while
 * somebody wants to hear of a request; after every interruption it asks how things stand.
 */
export class ControllerQuestions implements Questions, Service {
  readonly name = 'news of approvals'
  readonly #options: ControllerQuestionsOptions
  readonly #desk = new NewsDesk()
  readonly #backoff = backoff(100, 10_000)
  readonly #stopping = new AbortController()
  /** The connection over which news come; how things stood when it began has been asked once it is live. */
  #connection: { live: boolean } | null = null

  constructor(options: ControllerQuestionsOptions) {
    this.#options = options
  }

  get live(): boolean {
    return this.#connection?.live === true
  }

  async ask(question: NewQuestion): Promise<ApprovalNews> {
    const { proxy } = this.#options
    const before = this.#connection
    const news = parseNews(await this.#post(`${path}/questions`, { ...question, proxy }))
    // What happened between the answer and a connection that began meanwhile is told by neither.
    if (before === this.#connection) return news
    return (await this.look(news.id).catch(() => null)) ?? news
  }

  async look(id: string): Promise<ApprovalNews | null> {
    const [news] = await this.#look([id])
    return news ?? null
  }

  async claim(id: string, claim: NewClaim): Promise<ApprovalClaimAnswer | null> {
    const { proxy } = this.#options
    const answer = await this.#tell(`${path}/${id}/claim`, { ...claim, proxy }, claimTries)
    return answer === null ? null : parseClaimAnswer(answer)
  }

  ended(id: string, call: string, outcome: string): void {
    this.#tell(`${path}/${id}/outcome`, { call, outcome }).catch(error => {
      this.#options.log.warn({ err: error, approval: id }, 'outcome not told')
    })
  }

  watch(id: string, listener: (news: ApprovalNews | null) => void): () => void {
    return this.#desk.watch(id, listener)
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true })
    while (!signal.aborted) {
      await this.#desk.wanted(signal)
      await this.#whileWanted(signal)
    }
  }

  /** Follows the news, after every interruption again, until nobody has wanted them for a while. */
  async #whileWanted(signal: AbortSignal): Promise<void> {
    const idle = this.#desk.idle(lingerMs)
    const until = AbortSignal.any([signal, idle.signal])
    while (!until.aborted) {
      try {
        await this.#follow(until)
      } catch (error) {
        if (!until.aborted) this.#options.log.warn({ err: error }, 'approvals not followed')
      }
      await wait(this.#backoff.next(), until)
    }
    idle.stop()
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { controller } = this.#options
    const broken = new AbortController()
    const either = AbortSignal.any([signal, broken.signal])
    const headers = { accept: 'text/event-stream' }
    const answer = await controller.send(`${path}/stream`, { headers, signal: either })
    const connection = { live: false }
    this.#connection = connection
    this.#catchUp(connection).catch(error => broken.abort(error))
    try {
      for await (const { type, data } of readEvents(answer.body)) {
        if (type === 'news') this.#desk.hear(parseNews(JSON.parse(data)))
      }
    } finally {
      this.#connection = null
    }
  }

  /** What happened while nobody listened. A request that the controller does not know is told as null. */
  async #catchUp(connection: { live: boolean }): Promise<void> {
    const asked = new Set<string>()
    const unasked = () => this.#desk.watched().filter(id => !asked.has(id))
    for (let ids = unasked(); ids.length > 0; ids = unasked()) {
      const some = ids.slice(0, mostAtOnce)
      const news = await this.#look(some)
      for (const one of news) this.#desk.hear(one)
      for (const id of some) asked.add(id)
      const known = new Set(news.map(({ id }) => id))
      for (const id of some) if (!known.has(id)) this.#desk.lose(id)
    }
    connection.live = true
    this.#backoff.reset()
  }

  async #look(ids: readonly string[]): Promise<readonly ApprovalNews[]> {
    return parseNewsList(await this.#post(`${path}/news`, { ids }))
  }

  /** Null when there is no such thing. */
  #post(address: string, body: unknown): Promise<unknown> {
    return exchangeJson(this.#options.controller, address, body, this.#stopping.signal)
  }

  /** Says what may be said twice, again and again until there is an answer. */
  async #tell(address: string, body: unknown, most = mostTries): Promise<unknown> {
    const pause = backoff(500, 10_000)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#post(address, body)
      } catch (error) {
        if (tries === most || this.#stopping.signal.aborted) throw error
        await wait(pause.next(), this.#stopping.signal)
      }
    }
  }
}
