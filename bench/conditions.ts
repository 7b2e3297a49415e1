import { RE2JS } from 're2js'
import { parseCondition } from '../policy/compile/cel/parse-condition.ts'
import { plan } from '../policy/decide/cel/plan.ts'
import { type Facts, factsOf } from '../policy/decide/facts.ts'

/** Nanoseconds per evaluation of a condition, compiled by Writ and written by hand with the same checks. */
export interface ConditionCost {
  readonly name: string
  readonly writ: number
  readonly hand: number
}

const missing = { message: 'missing', at: [0, 0] }
const wrong = { message: 'wrong type', at: [0, 0] }

type Hand = (facts: Facts) => boolean | object

const re = RE2JS.compile('^/etc/(passwd|shadow|ssh/.*)$')

function read(args: Facts['args'], name: string): unknown {
  return Object.hasOwn(args, name) ? args[name] : missing
}

const cases: readonly (readonly [name: string, source: string, hand: Hand])[] = [
  [
    'c1 number',
    'args.amount > 1000',
    ({ args }) => {
      const amount = read(args, 'amount')
      return typeof amount === 'number' ? amount > 1000 : wrong
    },
  ],
  [
    'c2 text and bool',
    "args.command.contains('deploy') && !args.dryRun",
    ({ args }) => {
      const command = read(args, 'command')
      if (typeof command === 'string' && !command.includes('deploy')) return false
      const dryRun = read(args, 'dryRun')
      return typeof dryRun === 'boolean' && typeof command === 'string' ? !dryRun : wrong
    },
  ],
  [
    'c3 regex',
    "args.path.matches('^/etc/(passwd|shadow|ssh/.*)$')",
    ({ args }) => {
      const path = read(args, 'path')
      return typeof path === 'string' ? re.test(path) : wrong
    },
  ],
  [
    'c4 has',
    'has(args.approval) && args.approval.level >= 2',
    ({ args }) => {
      if (!Object.hasOwn(args, 'approval')) return false
      const approval = read(args, 'approval')
      if (typeof approval !== 'object' || approval === null || Array.isArray(approval)) return wrong
      const level = read(approval as Facts['args'], 'level')
      return typeof level === 'number' ? level >= 2 : wrong
    },
  ],
  [
    'c5 in',
    "args.currency in ['USD','EUR','GBP'] && args.amount <= 5000.0",
    ({ args }) => {
      const currency = read(args, 'currency')
      if (typeof currency !== 'string') return wrong
      if (currency !== 'USD' && currency !== 'EUR' && currency !== 'GBP') return false
      const amount = read(args, 'amount')
      return typeof amount === 'number' ? amount <= 5000 : wrong
    },
  ],
  [
    'c6 exists',
    "args.recipients.exists(r, r.email.endsWith('@evil.com'))",
    ({ args }) => {
      const recipients = read(args, 'recipients')
      if (!Array.isArray(recipients)) return wrong
      let fault: object | null = null
      for (const item of recipients) {
        if (typeof item !== 'object' || item === null || Array.isArray(item)) fault = wrong
        else {
          const email = read(item, 'email')
          if (typeof email !== 'string') fault = wrong
          else if (email.endsWith('@evil.com')) return true
        }
      }
      return fault ?? false
    },
  ],
]

/** 64 different calls, each parsed from JSON of its own, of 18 arguments. */
function calls(): Facts[] {
  return Array.from({ length: 64 }, (_, i) => {
    const args = {
      ...Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`filler${k}`, k])),
      amount: i * 40,
      command: i % 2 === 0 ? 'run deploy now' : 'list the files',
      dryRun: i % 3 === 0,
      path: i % 4 === 0 ? '/etc/ssh/config' : '/home/ana/notes.txt',
      approval: { level: i % 4 },
      currency: ['USD', 'EUR', 'GBP', 'JPY'][i % 4],
      recipients: Array.from({ length: 5 }, (_, k) => ({ email: `user${k}@example${i}.com` })),
      note: `call ${i}`,
    }
    return JSON.parse(JSON.stringify(factsOf({ args })))
  })
}

const rounds = 2000
const samples = 15

function measure(condition: (facts: Facts) => unknown, facts: readonly Facts[]): number {
  const times = Array.from({ length: samples }, () => {
    const before = process.cpuUsage()
    for (let round = 0; round < rounds; round++) for (const call of facts) condition(call)
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / (rounds * facts.length)
  })
  return times.toSorted((a, b) => a - b)[samples >> 1] ?? Number.NaN
}

/** Measures the six conditions, one after the other; about five seconds. */
export function conditions(): readonly ConditionCost[] {
  const facts = calls()
  return cases.map(([name, source, hand]) => {
    const { expression } = parseCondition(source, { kind: 'tool', args: [] })
    if (expression === null) throw new Error(`${name} does not compile`)
    const writ = plan(expression)
    if (facts.some(call => writ(call) !== hand(call))) throw new Error(`${name} differs`)
    return { name, writ: measure(writ, facts), hand: measure(hand, facts) }
  })
}
