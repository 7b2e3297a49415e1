import canonicalize from 'canonicalize'
import t from 'tap'
import type { Answer } from '../../../../controller/compile/compiler.ts'
import type { GoodObject } from '../../../../controller/kubernetes/last-good-objects.ts'
import type { WritObject } from '../../../../controller/kubernetes/objects.ts'
import { namespaceCompiler } from '../../../../controller/kubernetes/reconcile/compile-namespace.ts'
import { versionOf } from '../../../../controller/kubernetes/reconcile/object-file.ts'
import { candidate } from '../../../../controller/kubernetes/sources/candidate.ts'
import { differences } from '../../../../controller/kubernetes/sources/difference.ts'
import {
  appliedObject,
  sourceObjects,
} from '../../../../controller/kubernetes/sources/source-objects.ts'
import { type Standing, standingDigest } from '../../../../controller/review/content-digest.ts'
import { compile } from '../../../../policy/compile/compile.ts'
import type { SourceFile } from '../../../../policy/compile/source-file.ts'
import type { RuleTable } from '../../../../schemas/rule-table.ts'
import { policyText } from '../../git/repositories.ts'
import { object, policy } from '../versions.ts'

const owner = { namespace: 'team-a', name: 'main' }
const allow = { action: 'allow' }
const deny = { action: 'deny' }

/** A file of the repository. */
function written(name: string, tool: string): SourceFile {
  return { path: `${name}.yaml`, text: policyText(tool, name) }
}

/** Objects as the API server has them once a source applied the files. */
function applied(files: readonly SourceFile[], source = owner): readonly WritObject[] {
  return sourceObjects(files, 'team-a').objects.map(one => {
    const { metadata, kind } = Object(appliedObject(one, source, 'c'.repeat(40)))
    // The API server orders keys.
    const spec = JSON.parse(canonicalize(differences().expected(one)) ?? '')
    const live = object(kind, one.name, spec)
    return { ...live, metadata: { ...metadata, ...live.metadata } }
  })
}

/** A cluster of these objects, all of which are in force unless others are said to be. */
async function cluster(live: readonly WritObject[], good: readonly WritObject[] = live) {
  const needs = {
    systemNamespace: 'writ-system',
    objects: {
      get: (kind: string, namespace: string, name: string) =>
        live.find(
          ({ kind: of, metadata }) =>
            of === kind && metadata.namespace === namespace && metadata.name === name,
        ) ?? null,
      in: (name: string) => live.filter(({ metadata }) => metadata.namespace === name),
      namespaces: () => [...new Set(live.map(({ metadata }) => metadata.namespace))],
    },
    catalog: () => new Map(),
    overrides: () => [],
    lastGood: {
      read: async () => good.map(versionOf).map((one: GoodObject) => ({ ...one, digest: '' })),
    },
    compile: namespaceCompiler({
      systemNamespace: 'writ-system',
      async compile({ files, options }) {
        const { problems, tables, directories } = compile(files, options)
        return { problems, tables: tables && [...tables], directories }
      },
    }),
  }
  const asked = async (
    files: readonly SourceFile[],
    inForce: Standing,
    some: { readonly reverts?: boolean; readonly namespace?: string } = {},
  ) => {
    const source = { owner, namespace: 'team-a', reverts: false, differences: differences() }
    const signal = new AbortController().signal
    return candidate(needs, { ...source, ...some }, { files, inForce }, signal)
  }
  return { asked }
}

const nothing: Standing = { tables: new Map(), directories: [] }

function standing({ tables, directories }: Answer): Standing {
  const read = (tables ?? []).map(
    ([name, { json }]) => [name, JSON.parse(json) as RuleTable] as const,
  )
  return { tables: new Map(read), directories }
}

/** What the tables of an answer say, by namespace: the name of each policy and the tools that it is about. */
function toolsIn(answer: Answer): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    [...standing(answer).tables].map(([name, { policies }]) => [
      name,
      policies.map(({ name, tools }) => `${name}: ${tools.map(({ match }) => match).join()}`),
    ]),
  )
}

t.test('objects of the source are replaced, and all others are as they are', async t => {
  const before = [written('guard', 'read_file'), written('gone', 'old_tool')]
  const live = [...applied(before), policy('beside', allow)]
  const { asked } = await cluster(live)
  const answer = await asked([written('guard', 'write_file'), written('more', 'ls')], nothing)
  t.strictSame(toolsIn(answer), {
    'team-a': ['beside: *', 'guard: write_file', 'more: ls'],
  })
})

t.test('files that are applied already leave everything as it is in force', async t => {
  const files = [written('guard', 'read_file')]
  const { asked } = await cluster([...applied(files), policy('beside', allow)])
  const inForce = standing(await asked(files, nothing))
  const again = standing(await asked(files, inForce))
  t.equal(standingDigest(again), standingDigest(inForce))

  t.test('and say the same before they are applied', async t => {
    const { asked } = await cluster([policy('beside', allow)])
    t.equal(standingDigest(standing(await asked(files, nothing))), standingDigest(inForce))
  })
})

t.test('what was edited by hand stays where applying leaves it', async t => {
  const files = [written('guard', 'read_file')]
  const edited = applied(files).map(one => ({
    ...one,
    spec: { tools: [{ name: 'rm', rules: [deny] }] },
  }))
  const { asked } = await cluster(edited)
  t.strictSame(toolsIn(await asked(files, nothing)), { 'team-a': ['guard: rm'] })
  t.strictSame(toolsIn(await asked(files, nothing, { reverts: true })), {
    'team-a': ['guard: read_file'],
  })
})

t.test('an object that does not compile by itself is part of what comes of the files', async t => {
  const waits = object('AccessPolicy', 'waits', {
    tools: [{ name: 'deploy', rules: [{ action: 'require_approval', approvalWorkflow: 'ours' }] }],
  })
  const { asked } = await cluster([waits], [])
  const ours = `apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: ours }
spec: { approvers: { users: [ben] } }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: {}
`
  const without = await asked([written('guard', 'read_file')], nothing)
  t.strictSame(toolsIn(without), { 'team-a': ['guard: read_file'] })
  const answer = await asked([{ path: 'ours.yaml', text: ours }], nothing)
  t.strictSame(toolsIn(answer), { 'team-a': ['waits: deploy'] })
})

t.test('what cannot be applied is a problem', async t => {
  const files = [written('guard', 'read_file')]
  const { asked } = await cluster(applied(files, { namespace: 'team-a', name: 'another' }))
  const taken = await asked(files, nothing)
  t.equal(taken.tables, null)
  t.match(taken.problems, [{ code: 'owned_by_another_source' }])
  const broken = await asked([{ path: 'x.yaml', text: 'kind: [' }], nothing)
  t.match(broken.problems, [{ code: 'yaml', file: 'x.yaml' }])
  t.equal(broken.tables, null)
})

t.test('a source that brings nothing leaves a namespace that allows nothing', async t => {
  const files = [written('guard', 'read_file')]
  const { asked } = await cluster(applied(files))
  const inForce = standing(await asked(files, nothing))
  t.strictSame(toolsIn(await asked([], inForce)), { 'team-a': [] })
  t.strictSame(toolsIn(await asked([], nothing)), {}, 'none is made where none was')
})

t.test('what narrows all namespaces is in all of them', async t => {
  const elsewhere = policy('theirs', allow, { namespace: 'team-b' })
  const { asked } = await cluster([elsewhere])
  const files = [written('wall', 'rm')]
  const answer = await asked(files, nothing, { namespace: 'writ-system' })
  t.strictSame(toolsIn(answer)['team-b'], ['theirs: *', 'writ-system/wall: rm'])
})
