import '@awesome.me/webawesome/dist/components/badge/badge.js'
import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '@awesome.me/webawesome/dist/components/icon/icon.js'
import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Record as Entry } from '../../schemas/record.ts'
import type { LiveMessage } from '../api/live.ts'
import { actionBadge } from '../parts/action-badge.ts'
import type { Session } from '../session.ts'
import { common } from '../style/common.ts'

const mostRows = 200

/** Calls as they come, newest first. */
class ActivityPage extends LitElement {
  static override properties = {
    session: { attribute: false },
    entries: { state: true },
    failure: { state: true },
  }
  static override styles = [
    common,
    css`
      table {
        border-collapse: collapse;
        width: 100%;
      }
      th,
      td {
        text-align: left;
        vertical-align: top;
        padding: var(--wa-space-xs);
        border-bottom: 1px solid var(--wa-color-surface-border);
        overflow-wrap: anywhere;
      }
      .table {
        overflow-x: auto;
      }
    `,
  ]

  declare session: Session
  declare entries: readonly Entry[]
  declare failure: string
  #stop: () => void = () => undefined

  constructor() {
    super()
    this.entries = []
    this.failure = ''
  }

  override firstUpdated(): void {
    this.#stop = this.session.live.follow('activity', {
      message: message => this.#heard(message),
      resync: () => void this.#read(),
    })
    void this.#read()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop()
  }

  override render() {
    return html`<h1>Activity</h1>
      ${this.failure === '' ? nothing : html`<wa-callout variant="danger" role="alert">${this.failure}</wa-callout>`}
      <div class="card table">
        <table>
          <thead>
            <tr><th>Time</th><th>Agent</th><th>Call</th><th>Decision</th><th>What came of it</th></tr>
          </thead>
          <tbody>
            ${repeat(this.entries, key, row)}
          </tbody>
        </table>
        ${this.entries.length === 0 ? html`<p class="quiet">No call was recorded yet.</p>` : nothing}
      </div>`
  }

  async #read(): Promise<void> {
    try {
      const page = await this.session.api.get<{ readonly entries: readonly Entry[] }>(
        '/api/v1/audit',
        { limit: mostRows },
      )
      this.entries = merged(this.entries, page.entries)
      this.failure = ''
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error)
    }
  }

  #heard({ entry }: LiveMessage): void {
    this.entries = merged(this.entries, [entry as Entry])
  }
}

function key({ proxy, seq }: Entry): string {
  return `${proxy} ${seq}`
}

/** Each entry once, newest first. */
function merged(known: readonly Entry[], news: readonly Entry[]): readonly Entry[] {
  const all = new Map([...known, ...news].map(entry => [key(entry), entry]))
  return [...all.values()]
    .sort((a, b) => b.time.localeCompare(a.time) || b.seq - a.seq)
    .slice(0, mostRows)
}

function row({
  time,
  agent,
  tool,
  model,
  uri,
  prompt,
  kind,
  action,
  status,
  message,
  phase,
}: Entry) {
  return html`<tr>
    <td><time datetime=${time}>${new Date(time).toLocaleTimeString()}</time></td>
    <td>${agent}</td>
    <td>${tool ?? model ?? uri ?? prompt ?? kind}</td>
    <td>${actionBadge(action)}</td>
    <td>${phase === 'attempt' ? html`<span class="quiet">asked</span>` : status} ${message ?? ''}</td>
  </tr>`
}

customElements.define('writ-activity', ActivityPage)
