/** Markup that is safe to send: what was put into it is escaped. */
export interface Html {
  readonly markup: string
}

type Value = string | number | Html | readonly Html[] | null

/** A template whose values are text, and become markup only where they are Html already; null is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const texts = parts.map((part, i) => part + (i < values.length ? written(values[i] ?? null) : ''))
  return { markup: texts.join('') }
}

function written(value: Value): string {
  if (value === null) return ''
  if (typeof value === 'object') {
    return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
  }
  return escaped(`${value}`)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] ?? '')
}
