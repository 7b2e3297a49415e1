import '@awesome.me/webawesome/dist/components/button/button.js'
import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '@awesome.me/webawesome/dist/components/input/input.js'
import { html, LitElement, nothing } from 'lit'
import { formTexts } from '../parts/form-texts.ts'
import type { Session } from '../session.ts'
import { common } from '../style/common.ts'
import { door } from '../style/door.ts'

/** Asks for name and password. */
class SignInPage extends LitElement {
  static override properties = {
    session: { attribute: false },
    failure: { state: true },
    busy: { state: true },
  }
  static override styles = [common, door]

  declare session: Session
  declare failure: string
  declare busy: boolean

  constructor() {
    super()
    this.failure = ''
    this.busy = false
  }

  override render() {
    return html`<form class="card stack" @submit=${this.#submit}>
      <h1>Sign in to Writ</h1>
      ${this.failure === '' ? nothing : html`<wa-callout variant="danger" role="alert">${this.failure}</wa-callout>`}
      <wa-input name="username" label="Name" autocomplete="username" required autofocus></wa-input>
      <wa-input
        name="password"
        label="Password"
        type="password"
        autocomplete="current-password"
        password-toggle
        required
      ></wa-input>
      <wa-button type="submit" variant="brand" ?loading=${this.busy}>Sign in</wa-button>
    </form>`
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const { username = '', password = '' } = formTexts(event)
    this.busy = true
    this.failure = await this.session.signIn(username, password).then(
      () => '',
      error => error.message,
    )
    this.busy = false
  }
}

customElements.define('writ-sign-in', SignInPage)
