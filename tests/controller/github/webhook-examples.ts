import known from '@octokit/webhooks-examples' with { type: 'json' }

/** A payload that GitHub sent, as far as it is looked at here. */
export interface WebhookExample {
  readonly action?: string
  readonly repository: object
  readonly pull_request?: { readonly number: number }
  readonly issue?: { readonly number: number }
  readonly comment?: { readonly id: number }
}

/** GitHub's own examples of webhooks of one event. */
export function webhookExamples(event: string): readonly WebhookExample[] {
  const all = known as unknown as readonly { name: string; examples: readonly WebhookExample[] }[]
  return all.find(({ name }) => name === event)?.examples ?? []
}
