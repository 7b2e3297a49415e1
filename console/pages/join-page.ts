import '@awesome.me/webawesome/dist/components/button/button.js'
import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '@awesome.me/webawesome/dist/components/input/input.js'
import { html, LitElement, nothing } from 'lit'
import { formTexts } from '../parts/form-texts.ts'
import type { Session } from '../session.ts'
import { common } from '../style/common.ts'
import { door } from '../style/door.ts'

/** What the controller says of a link. */
interface LinkView {
  readonly for: 'first' | 'invitation' | 'password'
  readonly role: string
  readonly username: string | null
}

const titles = {
  first: 'Make the first account',
  invitation: 'Make your account',
  password: 'Set a new password',
} as const

/** Makes the account, or sets the password, that a link is for. */
class JoinPage extends LitElement {
  static override properties = {
    session: { attribute: false },
    secret: { attribute: false },
    view: { state: true },
    failure: { state: true },
    busy: { state: true },
  }
  static override styles = [common, door]

  declare session: Session
  declare secret: string
  declare view: LinkView | null
  declare failure: string
  declare busy: boolean

  constructor() {
    super()
    this.view = null
    this.failure = ''
    this.busy = false
  }

  override firstUpdated(): void {
    const { secret } = this
    this.session.api.send<LinkView>('POST', '/api/v1/auth/links/look', { secret }).then(
      view => {
        this.view = view
      },
      error => {
        this.failure = error.message
      },
    )
  }

  override render() {
    const { view, failure } = this
    const wrong =
      failure === ''
        ? nothing
        : html`<wa-callout variant="danger" role="alert">${failure}</wa-callout>`
    if (view === null) return html`<div>${wrong}</div>`
    return html`<form class="card stack" @submit=${this.#submit}>
      <h1>${titles[view.for]}</h1>
      ${wrong}
      ${
        view.for === 'password'
          ? html`<p>For ${view.username}.</p>`
          : html`<p>Its role is ${view.role}.</p>
              <wa-input name="displayName" label="Your name" autocomplete="name" required autofocus></wa-input>
              <wa-input name="username" label="Name to sign in with" autocomplete="username" required></wa-input>`
      }
      <wa-input
        name="password"
        label="Password"
        hint="At least 15 characters; a sentence is good."
        type="password"
        autocomplete="new-password"
        password-toggle
        required
      ></wa-input>
      <wa-button type="submit" variant="brand" ?loading=${this.busy}>Go on</wa-button>
    </form>`
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const filled = { ...formTexts(event), secret: this.secret }
    this.busy = true
    try {
      await this.session.api.send('POST', '/api/v1/auth/links/use', filled)
      await this.session.signedIn()
      // The link is used up: it must not be gone back to.
      window.location.replace('#/')
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error)
    }
    this.busy = false
  }
}

customElements.define('writ-join', JoinPage)
