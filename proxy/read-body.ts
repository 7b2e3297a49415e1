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
    // The request may live on for long, and its listeners with it.
    const read = chunks.splice(0)
    const [only] = read
    if (size <= mostBytes) done(read.length === 1 && only ? only : Buffer.concat(read))
  })
}
