import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { type Html, html } from './html.ts'
import { pageStyle } from './page-style.ts'

/** A page that people read in a browser. */
export interface Page {
  readonly title: string
  readonly body: Html
}

const styleHash = createHash('sha256').update(pageStyle).digest('base64')

/** Nothing runs, nothing is fetched, nothing frames it, and what is filled in goes nowhere else. */
const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** Sends a page that leaves no trace: not kept, not framed, and its address is told to nobody. */
export function sendPage(response: Response, status: number, { title, body }: Page): void {
  const style: Html = { markup: `<style>${pageStyle}</style>` }
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
${style}
</head>
<body>
${body}
</body>
</html>
`
  response
    .status(status)
    .set({
      'content-security-policy': contentPolicy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    .type('text/html')
    .send(document.markup)
}
