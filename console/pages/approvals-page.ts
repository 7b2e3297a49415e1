import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '../parts/request-card.ts'
import { html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { LiveMessage } from '../api/live.ts'
import type { Session } from '../session.ts'
import { common } from '../style/common.ts'

interface Page {
  readonly requests: readonly ApprovalRequest[]
}

/** Requests that stay on the page once they are answered. */
const mostAnswered = 20

/** Questions as they come, and what became of those that were here. */
class ApprovalsPage extends LitElement {
  static override properties = {
    session: { attribute: false },
    requests: { state: true },
    failure: { state: true },
  }
  static override styles = [common]

  declare session: Session
  declare requests: readonly ApprovalRequest[]
  declare failure: string
  #stop: () => void = () => undefined

  constructor() {
    super()
    this.requests = []
    this.failure = ''
  }

  override firstUpdated(): void {
    this.#stop = this.session.live.follow('approvals', {
      message: message => void this.#heard(message),
      resync: () => void this.#read(),
    })
    void this.#read()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop()
  }

  override render() {
    const pending = this.requests.filter(({ state }) => state === 'pending')
    const answered = this.requests.filter(({ state }) => state !== 'pending').slice(0, mostAnswered)
    return html`<h1>Approvals</h1>
      ${this.failure === '' ? nothing : html`<wa-callout variant="danger" role="alert">${this.failure}</wa-callout>`}
      <section class="stack" aria-label="Waiting" aria-live="polite">
        ${pending.length === 0 ? html`<p class="card quiet">Nothing waits for an answer.</p>` : nothing}
        ${repeat(pending, ({ id }) => id, this.#card)}
      </section>
      ${
        answered.length === 0
          ? nothing
          : html`<h2>Answered</h2>
              <section class="stack" aria-label="Answered">
                ${repeat(answered, ({ id }) => id, this.#card)}
              </section>`
      }`
  }

  readonly #card = (request: ApprovalRequest) => html`<writ-request
    .session=${this.session}
    .request=${request}
    @writ-answered=${({ detail }: CustomEvent<ApprovalRequest>) => this.#keep([detail])}
  ></writ-request>`

  async #read(): Promise<void> {
    try {
      const { api } = this.session
      const [waiting, newest] = await Promise.all([
        api.get<Page>('/api/v1/approval-requests', { state: 'pending', limit: 500 }),
        api.get<Page>('/api/v1/approval-requests', { limit: mostAnswered }),
      ])
      this.requests = []
      this.#keep([...newest.requests, ...waiting.requests])
      this.failure = ''
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error)
    }
  }

  async #heard({ approval_request_id: id }: LiveMessage): Promise<void> {
    if (typeof id !== 'string') return
    const path = `/api/v1/approval-requests/${encodeURIComponent(id)}`
    const request = await this.session.api.get<ApprovalRequest>(path).catch(() => null)
    if (request !== null) this.#keep([request])
  }

  /** What is known of a request is never replaced by what was known before. */
  #keep(news: readonly ApprovalRequest[]): void {
    const all = new Map(this.requests.map(request => [request.id, request]))
    for (const request of news) all.set(request.id, request)
    this.requests = [...all.values()].sort((a, b) => b.requestedAt.localeCompare(a.requestedAt))
  }
}

customElements.define('writ-approvals', ApprovalsPage)
