import { html, type TemplateResult } from 'lit'
import type { Record as Entry } from '../../schemas/record.ts'

const shown = {
  allow: { icon: 'allow', variant: 'success', text: 'allowed' },
  deny: { icon: 'deny', variant: 'danger', text: 'denied' },
  require_approval: { icon: 'approvals', variant: 'brand', text: 'asks' },
} as const

/** A decision, with its mark: a red octagon, a blue shield, a green check. */
export function actionBadge(action: Entry['action']): TemplateResult {
  const { icon, variant, text } = shown[action]
  return html`<wa-badge variant=${variant} appearance="filled-outlined">
    <wa-icon name=${icon} aria-hidden="true"></wa-icon>&nbsp;${text}
  </wa-badge>`
}
