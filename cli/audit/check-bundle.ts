import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { judgedThen } from '../../controller/explain/judged-again.ts'
import { type Recorded, recordedOf } from '../../controller/replay/recorded.ts'
import { SessionStates } from '../../controller/replay/session-states.ts'
import { sideOf } from '../../controller/replay/side.ts'
import { isSignature } from '../../records/statement.ts'
import { type Report, type VerifyOptions, verifier } from '../../records/verify/verifier.ts'
import { wordsOf } from '../../records/verify/words.ts'
import type { EvidenceBundle } from '../../schemas/evidence-bundle.ts'

/** What a bundle proves. */
export interface BundleReport {
  readonly proved: boolean
  readonly call: string
  /** Of the lines of the export in it. */
  readonly report: Report
  /** Sentences: what is wrong, what is proved, and what is only said or not known. */
  readonly flaws: readonly string[]
  readonly proofs: readonly string[]
  readonly doubts: readonly string[]
}

type Kind = 'flaw' | 'proof' | 'doubt'
type Finding = readonly [kind: Kind, sentence: string]

/** Checks everything in a bundle that can be checked without a controller. */
export function checkBundle(bundle: EvidenceBundle, options: VerifyOptions): BundleReport {
  const verifying = verifier(options)
  for (const line of bundle.proof) verifying.take(Buffer.from(line))
  const report = verifying.end()
  const entries = entriesOf(bundle)
  const findings = [
    ...report.flaws.map(({ message }): Finding => ['flaw', message]),
    ...ofEntries(bundle, entries),
    ...ofTable(bundle, entries),
    ...ofDecision(bundle, entries),
    ...ofApproval(bundle, entries),
    ...(bundle.table === null ? [] : ofVersion(bundle.table)),
  ]
  const words = wordsOf(report)
  const said = (kind: Kind) => findings.filter(([own]) => own === kind).map(([, text]) => text)
  const flaws = said('flaw')
  return {
    proved: flaws.length === 0,
    ...{ call: bundle.call, report, flaws },
    proofs: [...words.proved, ...said('proof')],
    doubts: [...said('doubt'), ...words.notProved],
  }
}

function entriesOf({ proof }: EvidenceBundle): readonly Recorded[] {
  return proof.flatMap(line => {
    if (!line.startsWith('{"proxy":')) return []
    const recorded = recordedOf(line, { namespace: 'default' })
    return recorded === null ? [] : [recorded]
  })
}

function ofEntries({ call, proof }: EvidenceBundle, entries: readonly Recorded[]): Finding[] {
  const lines = proof.filter(line => line.startsWith('{"proxy":')).length
  const foreign = entries.find(({ entry }) => entry.call !== call)
  const phases = new Set(entries.map(({ phase }) => phase))
  const findings: Finding[] = []
  if (lines !== entries.length) findings.push(['flaw', 'A line is no entry that can be read.'])
  if (foreign !== undefined) findings.push(['flaw', 'An entry is of another call.'])
  if (!phases.has('attempt')) findings.push(['flaw', 'There is no attempt of the call.'])
  if (!phases.has('outcome')) {
    findings.push(['doubt', 'There is no outcome of the call: how it ended is not on record.'])
  }
  for (const { phase, entry } of entries) {
    const { proxy, seq, time, action, reason, policy, rule, costMicroUsd: cost } = entry
    const by = policy === undefined ? '' : ` by ${policy}${rule === undefined ? '' : `/${rule}`}`
    const paid = cost === undefined ? '' : `, cost ${cost} micro-USD`
    const what = `${action} (${reason})${by}${paid}`
    findings.push(['proof', `${proxy} wrote entry ${seq} at ${time}: ${phase}, ${what}.`])
  }
  return findings
}

function ofTable({ table, signingKey }: EvidenceBundle, entries: readonly Recorded[]): Finding[] {
  const named = new Set(entries.flatMap(({ entry }) => entry.table ?? []))
  if (table === null) {
    return named.size === 0 ? [] : [['flaw', 'The table that the entries name is not here.']]
  }
  const { digest, body, release } = table
  const findings: Finding[] = []
  if (!named.has(digest)) findings.push(['flaw', 'The table is not the one that the entries name.'])
  if (body === null) findings.push(['doubt', 'The text of the table is not kept any more.'])
  else if (`sha256:${hash('sha256', body)}` !== digest) {
    findings.push(['flaw', 'The text of the table is not what its digest says.'])
  } else findings.push(['proof', `The table that decided is here as it was: ${digest}.`])
  if (release === null) {
    findings.push(['doubt', 'No statement is here that had put the table in force.'])
  } else if (!isSigned(release, signingKey)) {
    findings.push(['flaw', 'The release of the table is not signed by its key.'])
  } else if (![release.digest, ...(release.next ?? []).map(next => next.digest)].includes(digest)) {
    findings.push(['flaw', 'The release is of another table.'])
  } else {
    const { sequence, namespace, publishedAt } = release
    findings.push([
      'proof',
      `Release ${sequence} of ${publishedAt} put it in force in ${namespace}, signed by ${release.keyId}.`,
    ])
    findings.push(['doubt', `That ${release.keyId} is the key of your controller: compare it.`])
  }
  return findings
}

type Release = NonNullable<NonNullable<EvidenceBundle['table']>['release']>

/** A release has no type; what is signed is all of it but the signature. */
function isSigned(release: Release, publicKey: string): boolean {
  return isSignature(release as unknown as Parameters<typeof isSignature>[0], publicKey)
}

function ofVersion({ version }: NonNullable<EvidenceBundle['table']>): Finding[] {
  const { commit, review } = Object(version)
  const findings: Finding[] = []
  if (commit !== undefined) {
    const { id, author, subject, signedBy } = commit
    const by = author === undefined ? '' : ` of ${author}: ${subject}`
    const signed = signedBy === undefined ? '' : `, signed by ${signedBy}`
    findings.push(['doubt', `The controller says that it came from commit ${id}${by}${signed}.`])
  }
  if (review !== undefined) {
    const { outcome, approvers } = review
    const names = Array.isArray(approvers) ? approvers.map(who => Object(who).user) : []
    const by = names.length === 0 ? '' : ` by ${names.join(', ')}`
    findings.push(['doubt', `The controller says that the change was reviewed: ${outcome}${by}.`])
  }
  return findings
}

function ofDecision({ table }: EvidenceBundle, entries: readonly Recorded[]): Finding[] {
  const attempt = entries.find(({ phase }) => phase === 'attempt')
  if (table?.body == null || attempt === undefined) return []
  try {
    const side = sideOf(table.body)
    const stretch = { number: 0, whole: false, began: attempt.time ?? 0 }
    const session = new SessionStates().of(attempt, stretch)
    const { agreement, unknown } = judgedThen(side, side.agents, attempt, session)
    switch (agreement) {
      case 'equal':
        return [['proof', 'Judged again by that table, the call is decided exactly as recorded.']]
      case 'same_action':
        return [['proof', 'Judged again by that table, the same is done to the call.']]
      case 'not_known':
        return [['doubt', `The call cannot be judged again from what is recorded: ${unknown}.`]]
      case 'different':
        return [['flaw', 'Judged again by that table, the call is decided otherwise.']]
    }
  } catch {
    return [['doubt', 'This version of Writ cannot read the table.']]
  }
}

function ofApproval({ approval }: EvidenceBundle, entries: readonly Recorded[]): Finding[] {
  const named = entries.find(({ entry }) => entry.approval !== undefined)?.entry
  if (named === undefined) return []
  if (approval === null) return [['doubt', 'The request for approval is not kept any more.']]
  const { question, request } = approval
  const findings: Finding[] = []
  if (request.id !== named.approval || request.digest !== question.digest) {
    findings.push(['flaw', 'The request for approval is not the one that the entries name.'])
  }
  if (named.argsDigest !== undefined && named.argsDigest !== question.argsDigest) {
    findings.push(['flaw', 'People were asked about other arguments than those of the call.'])
  } else findings.push(['proof', 'People were asked about the arguments that the entries name.'])
  if (digestOf(question) === question.digest) {
    findings.push(['proof', 'What people were shown is what the digest of their approval covers.'])
  } else {
    findings.push(['doubt', 'The digest covers what is redacted here, and cannot be made again.'])
  }
  return [...findings, ...entries.flatMap(votesIn)]
}

function votesIn({ entry }: Recorded): Finding[] {
  return (entry.approvedBy ?? []).map(({ user, decision, at, surface }) => [
    'proof',
    `The proxy was told: ${user} said ${decision} at ${at} (${surface}).`,
  ])
}

type Question = NonNullable<EvidenceBundle['approval']>['question']

function digestOf(question: Question): string {
  const { namespace, agent, apiKey, keySha256, kind, server, name, schemaDigest, args } = question
  const covered = {
    ...{ namespace, agent, key: { name: apiKey, sha256: keySha256 }, kind, server, name },
    ...(schemaDigest !== undefined && { schemaDigest }),
    args,
  }
  return `sha256:${hash('sha256', canonicalize(JSON.parse(JSON.stringify(covered))) ?? '')}`
}
