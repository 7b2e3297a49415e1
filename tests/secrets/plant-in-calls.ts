import { agentKey } from './planted-world.ts'
import type { Planter } from './planter.ts'
import { toolNames } from './repeating-upstream.ts'

/** Whether a text can be sent as a header. */
export const fitsHeader = (text: string) => /^[\x20-\x7e]*$/.test(text)

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Sends a request and returns the answer. */
export type Post = (method: string, params: object, headers?: object) => Promise<string>

/** A client of 2025-06-18 with a session. */
export async function mcpClient(proxy: string): Promise<Post> {
  const headers = {
    ...json,
    authorization: `Bearer ${agentKey}`,
    'mcp-protocol-version': '2025-06-18',
  }
  let session = {}
  let id = 0
  const post = async (method: string, params: object, more: object = {}) => {
    id += 1
    const answer = await fetch(`${proxy}/mcp/v1`, {
      method: 'POST',
      headers: { ...headers, ...session, ...more },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    })
    if (method === 'initialize') {
      session = { 'mcp-session-id': answer.headers.get('mcp-session-id') ?? '' }
    }
    return answer.text()
  }
  await post('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'planter', version: '1' },
  })
  await post('tools/list', {})
  return post
}

/** Plants in all that a client of MCP may say. */
export async function plantInTools(plant: Planter, post: Post): Promise<void> {
  for (const name of toolNames) {
    const list = plant.texts(`arguments of ${name}`)
    const names = Object.fromEntries(plant.texts(`names in ${name}`).map(text => [text, 1]))
    await post('tools/call', { name, arguments: { list, names } })
    const body = JSON.stringify({ list: plant.texts(`JSON in ${name}`) })
    const query = plant.texts(`URL in ${name}`).map(encodeURIComponent).join('&')
    await post('tools/call', { name, arguments: { list: [body], at: `https://x/?${query}` } })
  }
  for (const name of ['fine', 'asked']) {
    for (const justification of plant.pieces(`justification of ${name}`, 3000)) {
      await post('tools/call', { name, arguments: { list: [], justification } })
    }
  }
  for (let i = 0; i < 12; i += 1) await post('tools/call', { name: 'asked', arguments: { i } })
  for (const callId of plant.texts('id of a call', text => text.length < 256)) {
    await post('tools/call', {
      name: 'fine',
      arguments: { list: [] },
      _meta: { 'claudecode/toolUseId': callId },
    })
  }
  for (const name of plant.texts('name of a tool')) await post('tools/call', { name })
  for (const uri of plant.texts('resource')) {
    await post('resources/read', { uri: `notes:///${encodeURIComponent(uri)}` })
    await post('resources/read', { uri: `notes:///denied/${uri}` })
  }
  for (const name of plant.texts('name of a prompt')) await post('prompts/get', { name })
  const args = Object.fromEntries(plant.texts('prompt').map((text, i) => [`a${i}`, text]))
  await post('prompts/get', { name: 'greet', arguments: args })
  await post('completion/complete', {
    ref: { type: 'ref/prompt', name: 'greet' },
    argument: { name: 'a', value: plant.text('completion') },
  })
}

/** Plants in all that a client of models may say. */
export async function plantInModels(plant: Planter, proxy: string): Promise<void> {
  const ask = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${proxy}${path}`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${agentKey}`, ...headers },
      body: JSON.stringify(body),
    }).then(answer => answer.text())
  for (const model of ['gpt-says', 'gpt-fails', 'gpt-denied', 'gpt-asked']) {
    const messages = [
      { role: 'system', content: plant.text(`system of ${model}`) },
      ...plant.texts(`user of ${model}`).map(content => ({ role: 'user', content })),
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call-1',
            type: 'function',
            function: {
              name: 'send',
              arguments: JSON.stringify({ list: plant.texts(`tool call of ${model}`) }),
            },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call-1', content: plant.text(`tool result of ${model}`) },
    ]
    await ask('/openai/v1/chat/completions', { model, messages, max_tokens: 10 })
    await ask('/anthropic/v1/messages', {
      ...{ model, max_tokens: 10, system: plant.text(`Messages system of ${model}`) },
      messages: [{ role: 'user', content: plant.text(`Messages of ${model}`) }],
    })
    const input = plant.text(`Responses of ${model}`)
    await ask('/openai/v1/responses', { model, input, max_output_tokens: 10 })
  }
  const messages = [{ role: 'user', content: 'hello' }]
  for (const model of plant.texts('name of a model')) {
    await ask('/openai/v1/chat/completions', { model, messages, max_tokens: 10 })
  }
  const says = { model: 'gpt-says', messages, max_tokens: 10 }
  for (const session of plant.texts('session', fitsHeader)) {
    await ask('/openai/v1/chat/completions', says, { 'x-writ-session-id': session })
  }
  for (const prompt_cache_key of plant.texts('key of a cache')) {
    await ask('/openai/v1/chat/completions', { ...says, prompt_cache_key })
  }
  for (const path of plant.texts('path')) await ask(`/openai/v1/${encodeURIComponent(path)}`, says)
  for (const key of plant.texts('key of an agent', fitsHeader)) {
    await ask('/openai/v1/chat/completions', says, { authorization: `Bearer ${key}` })
  }
}
