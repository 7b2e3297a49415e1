import type { IncomingMessage } from 'node:http'

/** Reads a body. Null when it is over the limit; nothing is called when the client goes away first. */
export function readBody(
  request: IncomingMessage,
  mostBytes: number,
  done: (bytes: Buffer | null) => void,
): void {
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= mostBytes) chunks.push(chunk)
    else if (size - chunk.length <= mostBytes) done(null)
  })
  request.on('end', () => {
    const [only] = chunks
    if (size <= mostBytes) done(chunks.length === 1 && only ? only : Buffer.concat(chunks))
  })
}
