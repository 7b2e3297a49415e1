/** What a stand-in for a provider does, as the last words of the user tell it. */
export type Plan =
  | { readonly kind: 'text'; readonly words: readonly string[] }
  | { readonly kind: 'tools' }
  | { readonly kind: 'think' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'error'; readonly status: number }
  | { readonly kind: 'slow' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'garbage' }

/** What the user said, the media that came along, and the results of tools. */
export interface Heard {
  readonly text: string
  readonly media: readonly string[]
  readonly results: readonly string[]
}

export const calls = [
  { id: 'call_1', name: 'weather', input: { city: 'Oslo' } },
  { id: 'call_2', name: 'clock', input: { zone: 'UTC', long: true } },
] as const

/** 100 tokens in, 30 of them from the cache; 20 out, 5 of them reasoning. */
export const tokens = { input: 100, cached: 30, output: 20, reasoning: 5 } as const

export function planFor({ text, media, results }: Heard): Plan {
  if (results.length > 0) return { kind: 'text', words: ['Heard', ` ${results.join(' and ')}`] }
  if (media.length > 0) return { kind: 'text', words: ['Saw', ` ${media.join(' and ')}`] }
  const [word, status] = text.split(' ')
  switch (word) {
    case 'tools':
    case 'think':
    case 'cut':
    case 'refuse':
    case 'slow':
    case 'broken':
    case 'garbage':
      return { kind: word }
    case 'error':
      return { kind: 'error', status: Number(status) }
    default:
      return { kind: 'text', words: ['Hello', ', ', 'wörld', '.'] }
  }
}
