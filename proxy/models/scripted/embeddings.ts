import { createHash } from 'node:crypto'

const usualDimensions = 16
const mostDimensions = 4096

/** The answer to a request for embeddings: a fixed vector of length 1 for each text, from its digest. */
export function embeddings(
  body: Readonly<Record<string, unknown>>,
  model: string,
  inputTokens: number,
): object {
  const asked = body.dimensions
  const dimensions = isDimensions(asked) ? asked : usualDimensions
  const data = inputs(body.input).map((input, index) => {
    const numbers = vector(JSON.stringify(input), dimensions)
    const embedding = body.encoding_format === 'base64' ? encoded(numbers) : [...numbers]
    return { object: 'embedding', index, embedding }
  })
  const usage = { prompt_tokens: inputTokens, total_tokens: inputTokens }
  return { object: 'list', data, model, usage }
}

/** One text, one list of tokens, or a list of either. */
function inputs(input: unknown): readonly unknown[] {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input : [input]
}

function isDimensions(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= mostDimensions
}

function vector(text: string, dimensions: number): Float32Array {
  const bytes = createHash('shake256', { outputLength: dimensions * 2 })
    .update(text)
    .digest()
  const numbers = Float32Array.from(
    { length: dimensions },
    (_, at) => bytes.readInt16LE(at * 2) + 0.5,
  )
  const length = Math.hypot(...numbers)
  return numbers.map(number => number / length)
}

/** 32-bit floats, little-endian, in base64, as OpenAI's API sends them. */
function encoded(numbers: Float32Array): string {
  const bytes = Buffer.alloc(numbers.length * 4)
  numbers.forEach((number, at) => {
    bytes.writeFloatLE(number, at * 4)
  })
  return bytes.toString('base64')
}
