/** Bytes after which a line is cut: longer than any line that a verifier takes. */
const mostBytes = 17 * 1024 * 1024

const lineFeed = 10

/**
 * Calls `take` with every line of a stream, without its end; one that is too long comes cut, and is then none that
 * anybody takes. The last line needs no end.
 */
export async function takeLines(
  stream: AsyncIterable<Uint8Array | string>,
  take: (line: Uint8Array) => void,
): Promise<void> {
  let waiting: Buffer[] = []
  let size = 0
  const keep = (part: Buffer) => {
    // What is beyond the bound is dropped: the line is refused whatever it says.
    if (size <= mostBytes) waiting.push(part)
    size += part.length
  }
  const cut = (part: Buffer) => {
    if (size === 0) return take(part)
    keep(part)
    take(Buffer.concat(waiting))
    waiting = []
    size = 0
  }
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    let from = 0
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      cut(bytes.subarray(from, end))
      from = end + 1
    }
    if (from < bytes.length) keep(bytes.subarray(from))
  }
  if (size > 0) take(Buffer.concat(waiting))
}
