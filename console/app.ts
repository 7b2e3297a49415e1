import '@awesome.me/webawesome/dist/components/button/button.js'
import '@awesome.me/webawesome/dist/components/callout/callout.js'
import '@awesome.me/webawesome/dist/components/icon/icon.js'
import './pages/join-page.ts'
import './pages/sign-in-page.ts'
import { css, html, LitElement, nothing } from 'lit'
import type { Permission } from '../schemas/account.ts'
import type { SignedInAs } from '../schemas/sign-in.ts'
import type { LiveState } from './api/live.ts'
import { Session } from './session.ts'
import { common } from './style/common.ts'

/** A page that one can go to. */
interface PlaceToGo {
  readonly path: string
  readonly title: string
  readonly icon: string
  readonly permission: Permission
  /** Its element, fetched when it is first gone to. */
  load(): Promise<unknown>
  show(session: Session): unknown
}

const places: readonly PlaceToGo[] = [
  {
    path: 'activity',
    title: 'Activity',
    icon: 'activity',
    permission: 'view_audit',
    load: () => import('./pages/activity-page.ts'),
    show: session => html`<writ-activity .session=${session}></writ-activity>`,
  },
  {
    path: 'approvals',
    title: 'Approvals',
    icon: 'approvals',
    permission: 'view_approvals',
    load: () => import('./pages/approvals-page.ts'),
    show: session => html`<writ-approvals .session=${session}></writ-approvals>`,
  },
]

/** The console: whoever is signed in, where one can go, and the page that one is on. */
class WritApp extends LitElement {
  static override properties = { liveState: { state: true }, failure: { state: true } }
  static override styles = [
    common,
    css`
      .frame {
        display: grid;
        grid-template-columns: 13rem 1fr;
        min-height: 100vh;
      }
      nav {
        background: var(--wa-color-surface-default);
        border-right: 1px solid var(--wa-color-surface-border);
        padding: var(--wa-space-m);
        display: flex;
        flex-direction: column;
        gap: var(--wa-space-2xs);
      }
      nav a {
        display: flex;
        gap: var(--wa-space-s);
        align-items: center;
        padding: var(--wa-space-xs) var(--wa-space-s);
        border-radius: 6px;
        color: inherit;
        text-decoration: none;
      }
      nav a[aria-current] {
        background: var(--wa-color-surface-lowered);
        font-weight: 600;
      }
      .name {
        font-weight: 700;
        padding: 0 var(--wa-space-s) var(--wa-space-s);
      }
      .space {
        flex: 1;
      }
      main {
        padding: var(--wa-space-l);
        min-width: 0;
      }
      main:focus {
        outline: none;
      }
      @media (max-width: 48rem) {
        .frame {
          grid-template-columns: 1fr;
          grid-template-rows: 1fr auto;
        }
        nav {
          grid-row: 2;
          position: sticky;
          bottom: 0;
          flex-direction: row;
          flex-wrap: wrap;
          border-right: none;
          border-top: 1px solid var(--wa-color-surface-border);
          padding: var(--wa-space-xs);
        }
        .name,
        .space,
        .who {
          display: none;
        }
        main {
          padding: var(--wa-space-m);
        }
      }
    `,
  ]

  declare liveState: LiveState
  declare failure: string
  readonly #session = new Session()
  #stopLive: () => void = () => undefined

  constructor() {
    super()
    this.liveState = 'connecting'
    this.failure = ''
    this.#session.subscribe(() => this.#changed())
    window.addEventListener('hashchange', () => this.#go())
    this.#session.look().catch(error => {
      this.failure = error.message
    })
  }

  override render() {
    const { who } = this.#session
    const [place = '', secret = ''] = window.location.hash.slice(2).split('/')
    if (place === 'join') {
      return html`<writ-join .session=${this.#session} .secret=${secret}></writ-join>`
    }
    if (who === 'unknown') return this.failure === '' ? nothing : problem(this.failure)
    if (who === 'nobody') return html`<writ-sign-in .session=${this.#session}></writ-sign-in>`
    return this.#frame(who, placesOf(who), place)
  }

  #frame(who: SignedInAs, open: readonly PlaceToGo[], asked: string) {
    const here = open.find(({ path }) => path === asked) ?? open[0]
    void here?.load()
    return html`<div class="frame">
      <nav aria-label="Pages">
        <div class="name">Writ</div>
        ${open.map(
          place => html`<a href="#/${place.path}" aria-current=${place === here ? 'page' : nothing}>
            <wa-icon name=${place.icon} aria-hidden="true"></wa-icon>${place.title}
          </a>`,
        )}
        <div class="space"></div>
        <div class="who quiet">${who.name}<br />${states[this.liveState]}</div>
        <wa-button appearance="plain" size="small" @click=${() => this.#session.signOut()}>
          <wa-icon slot="start" name="sign-out" aria-hidden="true"></wa-icon>Sign out
        </wa-button>
      </nav>
      <main tabindex="-1">${here?.show(this.#session) ?? problem('Nothing is open to this role.')}</main>
    </div>`
  }

  #changed(): void {
    this.#stopLive()
    const isSomebody = typeof this.#session.who === 'object'
    this.#stopLive = isSomebody
      ? this.#session.live.onState(state => {
          this.liveState = state
        })
      : () => undefined
    this.requestUpdate()
  }

  #go(): void {
    this.requestUpdate()
    void this.updateComplete.then(() => this.renderRoot.querySelector('main')?.focus())
  }
}

const states: { readonly [State in LiveState]: string } = {
  connecting: 'connecting',
  live: 'up to date',
  lost: 'connection lost, trying again',
}

function placesOf({ permissions }: SignedInAs): readonly PlaceToGo[] {
  return places.filter(({ permission }) => permissions.includes(permission))
}

function problem(text: string) {
  return html`<wa-callout variant="danger" role="alert">${text}</wa-callout>`
}

customElements.define('writ-app', WritApp)
