import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { translate } from '../../../../proxy/models/translate/translate.ts'
import type {
  Dialect,
  StreamProgress,
  Target,
  Translated,
} from '../../../../proxy/models/translate/translation.ts'
import { upstreamKey } from './upstream.ts'

const dialects: Readonly<Record<string, Dialect>> = {
  '/openai/v1/chat/completions': 'chat',
  '/openai/v1/responses': 'responses',
  '/anthropic/v1/messages': 'messages',
}

/** The translation behind HTTP and nothing else; the model asked for names the target. */
export async function startSmallGateway(targets: Readonly<Record<string, Target>>, most?: number) {
  const results: Translated[] = []
  const thrown: unknown[] = []
  const server = createServer((request, response) => {
    serve(request, response, targets, most, results).catch(error => {
      thrown.push(error)
      response.destroy()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    results,
    thrown,
    /** The last stream's. */
    get progress(): StreamProgress {
      const last = results.at(-1)
      if (last?.kind !== 'stream') throw new Error('no stream')
      return last.progress
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  targets: Readonly<Record<string, Target>>,
  most: number | undefined,
  results: Translated[],
) {
  const body = JSON.parse(await text(request))
  const abort = new AbortController()
  response.on('close', () => abort.abort())
  const translated = await translate(
    {
      dialect: dialects[request.url?.split('?')[0] ?? '']!,
      body,
      model: body.model,
      target: targets[body.model]!,
      signal: abort.signal,
      ...(most !== undefined && { maxOutputTokens: most }),
    },
    {
      now: () => 1_700_000_000_000,
      newId: randomUUID,
      fetch: (url, { headers, ...rest }) =>
        fetch(url, {
          ...rest,
          headers: { ...headers, authorization: `Bearer ${upstreamKey}`, 'x-api-key': upstreamKey },
        }),
    },
  )
  results.push(translated)
  if (translated.kind !== 'stream') {
    response.writeHead(translated.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(translated.json))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for await (const chunk of translated.chunks) response.write(chunk)
  response.end()
}
