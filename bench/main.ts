import { approvals } from './approvals.ts'
import { type SpendingCase, spending } from './budgets.ts'
import { calls } from './calls.ts'
import { conditions } from './conditions.ts'
import { decisions, lastResult } from './decide.ts'
import { explaining } from './explain.ts'
import { halting } from './halt.ts'
import { kubernetes } from './kubernetes.ts'
import { models } from './models.ts'
import { policiesOf, singleRulePolicies } from './policies.ts'
import { records } from './records.ts'
import { redaction } from './redaction.ts'
import { replaying } from './replay.ts'
import { reserving } from './reserve.ts'
import { tables } from './tables.ts'
import { verifying } from './verify.ts'

/** One section of the report: what it is called on the command line, and what it prints. */
interface Section {
  readonly name: string
  run(): Promise<void> | void
}

const fixed = (value: number, digits = 0) => value.toFixed(digits)

const many = { proxies: 200, calls: 1_000_000, limit: 160_000_000 }

const spendingCases: readonly SpendingCase[] = [
  { name: 'calm', ...many, crashes: 0, outages: 0, loss: 0 },
  { name: 'plagued', ...many, crashes: 1, outages: 4, loss: 0.01 },
]

const full = { namespaces: 100, policies: 10, rules: 10, proxies: 2 }

const sections: readonly Section[] = [
  {
    name: 'conditions',
    run() {
      console.log('\nConditions: ns per evaluation, and the ratio to closures written by hand')
      const rows = conditions().map(({ name, writ, hand }) => ({
        condition: name,
        hand: fixed(hand),
        writ: fixed(writ),
        ratio: fixed(writ / hand, 2),
      }))
      console.table(rows)
    },
  },
  {
    name: 'decide',
    run() {
      console.log('\nDecisions: ns per call, and the ratio to closures written by hand')
      const cases = [1, 64].flatMap(agents => [10, 1000, 10_000].map(rules => ({ rules, agents })))
      const rows = cases.map(decisions).map(({ rules, agents, writ, hand }) => ({
        agents,
        rules,
        hand: fixed(hand),
        writ: fixed(writ),
        ratio: fixed(writ / hand, 2),
      }))
      console.table(rows)
    },
  },
  {
    name: 'explain',
    run() {
      const calls = Number(process.env.EXPLAINED_CALLS ?? 1_000_000)
      console.log('\nExplanations: recorded calls judged again from their records, by agreement')
      const { each, ...counts } = explaining(100, calls)
      console.table([{ ...counts, 'µs each': fixed(each) }])
    },
  },
  {
    name: 'tables',
    run() {
      console.log(
        '\nTables: ms to compile and to load; the longest step is the longest pause of a swap, as a median and as the worst of twenty',
      )
      const files = [
        { policies: 1, rules: 10, text: policiesOf(10) },
        { policies: 1, rules: 1000, text: policiesOf(1000) },
        { policies: 1, rules: 10_000, text: policiesOf(10_000) },
        { policies: 10_000, rules: 10_000, text: singleRulePolicies(10_000) },
      ]
      const costs = files.map(({ text, ...file }) => ({ ...file, ...tables(text) }))
      const rows = costs.map(cost => ({
        policies: cost.policies,
        rules: cost.rules,
        MB: fixed(cost.megabytes, 2),
        compile: fixed(cost.compile, 1),
        load: fixed(cost.load, 1),
        steps: cost.steps,
        'longest step': fixed(cost.longestStep, 2),
        worst: fixed(cost.worstStep, 2),
        'without GC': fixed(cost.longestWork, 2),
      }))
      console.table(rows)
    },
  },
  {
    name: 'halt',
    async run() {
      const proxies = Number(process.env.WRIT_BENCH_PROXIES ?? 50)
      const rounds = Number(process.env.WRIT_BENCH_ROUNDS ?? 10)
      console.log(
        `\nHalts: ms from the request to the first refused call (let through again) at each of ${proxies} proxies`,
      )
      const rows = (await halting({ proxies, processes: 5, rounds })).map(cost => ({
        what: cost.what,
        p50: fixed(cost.p50),
        p99: fixed(cost.p99),
        worst: fixed(cost.worst),
      }))
      console.table(rows)
    },
  },
  {
    name: 'redaction',
    run() {
      console.log('\nRedaction: us of CPU for texts as agents send them, and for hostile ones')
      const rows = redaction().map(({ text, characters, micros, perKilobyte }) => ({
        ...{ text, characters, 'us for all': fixed(micros), 'us for 1 KB': fixed(perKilobyte, 1) },
      }))
      console.table(rows)
    },
  },
  {
    name: 'approvals',
    async run() {
      console.log('\nApprovals: ms per operation while 10,000 requests are pending')
      const rows = (await approvals(process.env.WRIT_DATABASE_URL)).map(cost => ({
        operation: cost.operation,
        p50: fixed(cost.p50, 1),
        p95: fixed(cost.p95, 1),
      }))
      console.table(rows)
    },
  },
  {
    name: 'budgets',
    async run() {
      console.log('\nBudgets: a million calls of 200 proxies in three simulated hours')
      for (const one of spendingCases) {
        const { name, overspend, unused, idle, requests, ...counts } = await spending(one)
        console.table({
          [name]: {
            ...{ calls: counts.calls, paid: counts.paid, refused: counts.refused },
            ...{ crashes: counts.crashes, 'overspend, micro-USD': overspend },
            'unused, %': fixed(unused, 4),
            'idle at a refusal, %': fixed(idle, 2),
            'requests a call': fixed(requests, 2),
            seconds: fixed(counts.seconds),
          },
        })
      }
      console.log('\nBudgets: us to decide, and to decide and set aside, leases at hand')
      const rows = []
      for (const budgets of [0, 1, 4, 16]) rows.push(await reserving(budgets))
      console.table(
        rows.map(cost => ({
          budgets: cost.budgets,
          decide: fixed(cost.decide, 1),
          'and reserve': fixed(cost.reserve, 1),
          p99: fixed(cost.reserveP99, 1),
          settle: fixed(cost.settle, 1),
        })),
      )
    },
  },
  {
    name: 'replay',
    async run() {
      const { records, megabytes, parsing, ways } = await replaying(1_000_000)
      const size = `${fixed(megabytes)} MB, read and parsed in ${fixed(parsing, 1)} s`
      console.log(`\nReplay: ${records.toLocaleString('en')} records, ${size}`)
      const rows = ways.map(cost => ({
        'held against': cost.way,
        seconds: fixed(cost.seconds, 1),
        'CPU, s': fixed(cost.cpuSeconds, 1),
        'to parsing': fixed(cost.ratio, 2),
        'decided otherwise': cost.changed,
        'RSS MB': fixed(cost.rssMegabytes),
      }))
      console.table(rows)
    },
  },
  {
    name: 'records',
    async run() {
      const rows = Number(process.env.WRIT_BENCH_ROWS ?? 1_000_000)
      const say = (text: string) => console.error(text)
      const { found, added, rate, sizes, pages } = await records(rows, say)
      const count = `${(found + added).toLocaleString('en')} entries of ${found === 0 ? 'this run' : 'this and earlier runs'}`
      console.log(`\nRecords: ${count}, taken in at ${fixed(rate)} a second`)
      console.table(
        sizes.map(({ what, bytesAnEntry }) => ({ what, 'bytes an entry': fixed(bytesAnEntry) })),
      )
      console.log('Records: ms for a page of 100, first ones and others anywhere')
      console.table(
        pages.map(({ filter, shown, p50, p95, most }) => ({
          ...{ filter, shown, p50: fixed(p50, 1), p95: fixed(p95, 1), most: fixed(most, 1) },
        })),
      )
    },
  },
  {
    name: 'calls',
    async run() {
      console.log('\nCalls: tools/call, 1 KB in and out; us at 1 connection, cpu and rate at 64')
      const ways = await calls()
      const bare = ways.find(({ way }) => way === 'pass-through')
      const rows = ways.map(cost => ({
        way: cost.way,
        p50: fixed(cost.p50),
        p99: fixed(cost.p99),
        cpu: fixed(cost.cpu),
        'cpu / pass-through': fixed(cost.cpu / (bare?.cpu ?? Number.NaN), 2),
        'requests/s': fixed(cost.requestsPerSecond),
        'RSS MB': fixed(cost.rssMegabytes),
      }))
      console.table(rows)
    },
  },
  {
    name: 'models',
    async run() {
      console.log(
        '\nModels: chat completions, 1 KB in and out; us at 1 connection, cpu and rate at 64',
      )
      const { pace, costs, load } = await models()
      console.log(`half of what saturates Writ is ${fixed(pace.perSecond)} calls a second`)
      const bare = costs.find(({ way }) => way === 'pass-through')
      const rows = costs.map(cost => ({
        way: cost.way,
        p50: fixed(cost.p50),
        p99: fixed(cost.p99),
        'half p50': fixed(cost.halfP50),
        'half p99': fixed(cost.halfP99),
        cpu: fixed(cost.cpu),
        'cpu / pass-through': fixed(cost.cpu / (bare?.cpu ?? Number.NaN), 2),
        'requests/s': fixed(cost.requestsPerSecond),
        'first byte': fixed(cost.firstByte),
      }))
      console.table(rows)
      console.log(
        `Streams, us: ${pace.streams} with a chunk every 10 ms; from being written to being read`,
      )
      const chunks = costs.map(cost => ({
        way: cost.way,
        'delay p50': fixed(cost.delayP50),
        'delay p99': fixed(cost.delayP99),
        'cpu / chunk': fixed(cost.cpuPerChunk, 1),
      }))
      console.table(chunks)
      console.log('A long stream as fast as it is taken, and many that last five seconds')
      const loads = load.map(cost => ({
        way: cost.way,
        streams: cost.streams,
        chunks: cost.chunks,
        seconds: fixed(cost.seconds, 2),
        'cpu / chunk, us': fixed(cost.cpuPerChunk, 1),
        'RSS MB': fixed(cost.rssMegabytes),
        'own MB': fixed(cost.ownMegabytes),
      }))
      console.table(loads)
    },
  },
  {
    name: 'verify',
    run() {
      console.log('\nVerifying an export: entries of 940 bytes a second, on one core')
      const { entries, bytes, rate, heapMb, proved } = verifying(
        Number(process.env.VERIFIED_ENTRIES ?? 1_000_000),
      )
      console.table({
        entries,
        'MB of export': fixed(bytes / 1_000_000),
        'entries / s': fixed(rate),
        'heap at the end, MB': fixed(heapMb),
        proved,
      })
    },
  },
  {
    name: 'kubernetes',
    async run() {
      console.log(
        '\nKubernetes: 1,000 policies with 10,000 rules in 100 namespaces, 200 simulated proxies',
      )
      const cost = await kubernetes(full, 100)
      const edits = cost.edits.toSorted((a, b) => a - b)
      const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length
      console.table({
        'cold start to all Enforced, s': fixed(cost.coldStart, 1),
        'writing requests by the start': cost.coldWrites,
        'an edit to all Enforced, p50, ms': fixed(edits[Math.floor(edits.length * 0.5)] ?? 0),
        'an edit to all Enforced, p99, ms': fixed(edits[Math.floor(edits.length * 0.99)] ?? 0),
        'versions of the status an edit': fixed(mean(cost.statusWrites), 2),
        'versions of other policies': cost.strayWrites,
        'writing requests an edit': fixed(cost.requests, 2),
        'an edit for all namespaces to all Enforced, s': fixed(cost.systemEdit, 1),
        'RSS at the end, MB': fixed(cost.memory.now),
        'RSS at most, MB': fixed(cost.memory.most),
      })
    },
  },
]

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !sections.some(section => section.name === name))
if (unknown.length > 0) {
  console.error(
    `no such section: ${unknown.join(', ')}; there are ${sections.map(s => s.name).join(', ')}`,
  )
  process.exit(2)
}
for (const section of sections) {
  if (asked.length === 0 || asked.includes(section.name)) await section.run()
}
lastResult()
