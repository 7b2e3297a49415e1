import '@awesome.me/webawesome/dist/components/badge/badge.js'
import '@awesome.me/webawesome/dist/components/button/button.js'
import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '@awesome.me/webawesome/dist/components/icon/icon.js'
import '@awesome.me/webawesome/dist/components/textarea/textarea.js'
import { html, LitElement, nothing } from 'lit'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { Session } from '../session.ts'
import { common } from '../style/common.ts'
import { formTexts } from './form-texts.ts'

type Decision = 'approve' | 'deny'

/** One question: what is asked for, why, by which rule, and the answer. Says `writ-answered` with the request as it stands. */
class RequestCard extends LitElement {
  static override properties = {
    session: { attribute: false },
    request: { attribute: false },
    failure: { state: true },
    busy: { state: true },
  }
  static override styles = [common]

  declare session: Session
  declare request: ApprovalRequest
  declare failure: string
  declare busy: Decision | null

  constructor() {
    super()
    this.failure = ''
    this.busy = null
  }

  override render() {
    const { request, failure } = this
    return html`<article class="card stack" aria-labelledby="title">
      <div class="row">
        <h2 id="title">${request.tool}</h2>
        <wa-badge variant=${variants[request.state] ?? 'neutral'}>${request.state}</wa-badge>
      </div>
      <p>
        <strong>${request.agent}</strong> in ${request.namespace} asks, and may wait until
        <time datetime=${request.expiresAt}>${new Date(request.expiresAt).toLocaleString()}</time>.
        ${request.justification === undefined ? nothing : html`<br />It says: ${request.justification}`}
      </p>
      <pre tabindex="0" aria-label="Arguments">${JSON.stringify(request.args, null, 2)}</pre>
      <p class="quiet">${ruleText(request)}</p>
      ${failure === '' ? nothing : html`<wa-callout variant="danger" role="alert">${failure}</wa-callout>`}
      ${request.votes.map(
        vote =>
          html`<p>${vote.user}: ${vote.decision}${vote.reason ? html`, ${vote.reason}` : nothing}</p>`,
      )}
      ${request.state === 'pending' ? this.#answer() : nothing}
    </article>`
  }

  #answer() {
    return html`<form class="stack" @submit=${this.#submit}>
      <wa-textarea name="reason" label="Reason" rows="2" maxlength="4096"></wa-textarea>
      <div class="row">
        <wa-button type="submit" variant="success" value="approve" ?loading=${this.busy === 'approve'}>
          <wa-icon slot="start" name="allow" aria-hidden="true"></wa-icon>Approve
        </wa-button>
        <wa-button
          variant="danger"
          appearance="outlined"
          ?loading=${this.busy === 'deny'}
          @click=${() => this.#decide('deny', this.#reason())}
        >
          <wa-icon slot="start" name="deny" aria-hidden="true"></wa-icon>Deny
        </wa-button>
      </div>
    </form>`
  }

  #reason(): string {
    return this.renderRoot.querySelector('wa-textarea')?.value ?? ''
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault()
    void this.#decide('approve', formTexts(event).reason ?? '')
  }

  async #decide(decision: Decision, reason: string): Promise<void> {
    const { id } = this.request
    this.busy = decision
    try {
      const detail = await this.session.api.send<ApprovalRequest>(
        'POST',
        `/api/v1/approval-requests/${encodeURIComponent(id)}/decide`,
        { decision, ...(reason.trim() !== '' && { reason }) },
      )
      this.failure = ''
      this.dispatchEvent(new CustomEvent('writ-answered', { detail }))
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error)
    }
    this.busy = null
  }
}

const variants: { readonly [State in ApprovalRequest['state']]?: string } = {
  pending: 'brand',
  approved: 'success',
  consumed: 'success',
  denied: 'danger',
}

function ruleText({ rule, workflow }: ApprovalRequest): string {
  const { policy, rule: name, message, file, line } = rule
  const where = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`
  const which = [policy, name].filter(Boolean).join(', ')
  return `${message ?? 'A rule asks for approval.'} ${which}${where} ${workflow && `asks ${workflow}.`}`
}

customElements.define('writ-request', RequestCard)
