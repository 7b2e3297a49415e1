import type { LastWords } from './last-words.ts'

/** What the scripted model says next. */
export type Line =
  | { readonly say: string }
  | { readonly call: { readonly tool: string; readonly input: string } }

/**
 * The answer to what was said last. `call` calls the first tool on offer, `call NAME {json}` the one of that name; a
 * prefix that a client puts before names may be left out.
 */
export function script(model: string, said: LastWords): Line {
  if (said.by === 'tool') return { say: `The tool answered: ${shortened(said.text)}` }
  const match = /^call(?:\s+([^\s{]+))?\s*(\{.*\})?$/is.exec(said.text.trim())
  if (match === null) return { say: greeting(model, said.text) }
  const [, wanted, json = '{}'] = match
  const tool = said.tools.find(name => wanted === undefined || isCalled(name, wanted))
  if (tool === undefined) return { say: `No tool ${wanted ?? ''} is on offer.`.replace('  ', ' ') }
  return isJson(json) ? { call: { tool, input: json } } : { say: 'The arguments are no JSON.' }
}

function greeting(model: string, text: string): string {
  return (
    `You said: ${shortened(text)} I am ${model}, played by Writ itself in fixed words; no provider was asked. ` +
    'Say "call NAME {json}" and I will call a tool that you offer.'
  )
}

function isCalled(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`_${wanted}`) || name.endsWith(`-${wanted}`)
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
