/** Numbers in [0, 1) that are the same for the same seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Something done to an export. */
export interface Mutation {
  readonly name: string
  readonly bytes: Buffer
}

type Mutate = (bytes: Buffer, random: () => number) => Buffer

const below = (random: () => number, limit: number) => Math.floor(random() * limit)

function lineWise(change: (lines: string[], random: () => number) => string[]): Mutate {
  return (bytes, random) => {
    const lines = bytes.toString('latin1').split('\n').slice(0, -1)
    return Buffer.from(
      change(lines, random)
        .map(line => `${line}\n`)
        .join(''),
      'latin1',
    )
  }
}

const one = (lines: readonly string[], random: () => number) => below(random, lines.length)

/** Everything that chance does to a file, and some of what people do to it. */
const mutators: Readonly<Record<string, Mutate>> = {
  'a bit is flipped': (bytes, random) => {
    const changed = Buffer.from(bytes)
    const at = below(random, changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << below(random, 8))
    return changed
  },
  'a byte is dropped': (bytes, random) => {
    const at = below(random, bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
  },
  'bytes are put in': (bytes, random) => {
    const at = below(random, bytes.length + 1)
    const put = Buffer.from(Array.from({ length: 1 + below(random, 4) }, () => below(random, 256)))
    return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)])
  },
  'bytes change places': (bytes, random) => {
    const changed = Buffer.from(bytes)
    const [a, b] = [below(random, bytes.length), below(random, bytes.length)]
    changed[a] = bytes[b] ?? 0
    changed[b] = bytes[a] ?? 0
    return changed
  },
  'the tail is cut': (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  'the head is cut': (bytes, random) => bytes.subarray(1 + below(random, bytes.length - 1)),
  'a line is dropped': lineWise((lines, random) => lines.toSpliced(one(lines, random), 1)),
  'lines are dropped': lineWise((lines, random) =>
    lines.toSpliced(one(lines, random), 1 + below(random, 8)),
  ),
  'a line comes twice': lineWise((lines, random) => {
    const at = one(lines, random)
    return lines.toSpliced(at, 0, lines[at] ?? '')
  }),
  'a line comes again elsewhere': lineWise((lines, random) =>
    lines.toSpliced(one(lines, random), 0, lines[one(lines, random)] ?? ''),
  ),
  'two lines change places': lineWise((lines, random) => {
    const [a, b] = [one(lines, random), one(lines, random)]
    return lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '')
  }),
  'two neighbours change places': lineWise((lines, random) => {
    const at = below(random, lines.length - 1)
    return lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? '')
  }),
  'lines are turned around': lineWise((lines, random) => {
    const at = one(lines, random)
    const count = 2 + below(random, 6)
    const run = lines.slice(at, at + count)
    return lines.toSpliced(at, run.length, ...run.toReversed())
  }),
  'two proxies change their names': lineWise((lines, random) => {
    const swap = { 'proxy-1': 'proxy-2', 'proxy-2': 'proxy-1' } as const
    const chosen = random() < 0.5 ? lines.map(() => true) : lines.map(() => random() < 0.5)
    return lines.map((line, i) =>
      chosen[i] ? line.replaceAll(/proxy-[12]/g, name => swap[name as keyof typeof swap]) : line,
    )
  }),
  'a word is changed': lineWise((lines, random) => {
    const at = one(lines, random)
    return lines.with(at, (lines[at] ?? '').replace('allow', 'deny'))
  }),
  'a number is changed': lineWise((lines, random) => {
    const at = one(lines, random)
    const changed = (lines[at] ?? '').replace(/[0-9]+/, digits => `${Number(digits) + 1}`)
    return lines.with(at, changed)
  }),
  'an empty line is put in': lineWise((lines, random) =>
    lines.toSpliced(one(lines, random), 0, ''),
  ),
}

/** So many mutations of an export, each kind in its turn. */
export function* mutationsOf(
  bytes: Buffer,
  count: number,
  random: () => number,
): Generator<Mutation> {
  const all = Object.entries(mutators)
  for (let i = 0; i < count; i += 1) {
    const [name, mutate] = all[i % all.length] ?? ['', (same: Buffer) => same]
    yield { name, bytes: mutate(bytes, random) }
  }
}
