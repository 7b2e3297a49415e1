import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { startOf } from './node-place.ts'
import { deepest } from './parse-yaml.ts'

/** Nodes that aliases of one document may add up to. */
const mostRepeated = 10_000

/** A node that has no place in a policy, and why. */
interface Unfit {
  readonly code: string
  readonly message: string
  readonly suggestion?: string
  /** Offset in the text. */
  readonly at: number
}

/** A document as plain JSON, what was unfit in it, and which node each alias stands for. */
export interface PlainValue {
  readonly value: unknown
  readonly unfit: readonly Unfit[]
  readonly targets: ReadonlyMap<Node, Node>
}

/** Turns a composed document into plain JSON; unfit nodes become null, or are left out. */
export function plainValue(contents: Node | null): PlainValue {
  const reading: Reading = {
    unfit: [],
    anchors: new Map(),
    targets: new Map(),
    repeating: 0,
    repeated: 0,
  }
  const value = plain(reading, contents, 0)
  return { value, unfit: reading.unfit, targets: reading.targets }
}

interface Reading {
  readonly unfit: Unfit[]
  readonly anchors: Map<string, Node>
  readonly targets: Map<Node, Node>
  /** How many aliases are being followed. */
  repeating: number
  /** How many nodes were read behind aliases. */
  repeated: number
}

function plain(reading: Reading, node: Node | null | undefined, depth: number): unknown {
  if (node === null || node === undefined) return null
  if (reading.repeating > 0 && ++reading.repeated > mostRepeated) return null
  if (depth > deepest) return refuse(reading, node, tooDeep)
  if (isAlias(node)) return behind(reading, node, depth)
  if (node.tag !== undefined) refuse(reading, node, tagged(node.tag))
  if (isScalar(node)) {
    remember(reading, node, node.anchor)
    return scalar(reading, node, node.value)
  }
  if (isMap(node)) {
    remember(reading, node, node.anchor)
    return mapping(reading, node, depth)
  }
  const list = node as YAMLSeq<Node | null>
  remember(reading, list, list.anchor)
  return list.items.map(item => plain(reading, item, depth + 1))
}

function remember({ anchors }: Reading, node: Node, anchor: string | undefined): void {
  if (anchor !== undefined) anchors.set(anchor, node)
}

function behind(reading: Reading, alias: Alias, depth: number): unknown {
  const target = reading.anchors.get(alias.source)
  if (target === undefined) return refuse(reading, alias, dangling(alias.source))
  reading.targets.set(alias, target)
  if (reading.repeated > mostRepeated) return null
  reading.repeating++
  const value = plain(reading, target, depth + 1)
  reading.repeating--
  if (reading.repeated > mostRepeated && reading.repeating === 0) {
    return refuse(reading, alias, exploding)
  }
  return value
}

function mapping(reading: Reading, node: YAMLMap, depth: number): object {
  const entries = new Map<string, unknown>()
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const key = keyOf(reading, pair.key)
    if (key === null) continue
    if (entries.has(key)) refuse(reading, pair.key, duplicate(key))
    else entries.set(key, plain(reading, pair.value, depth + 1))
  }
  // Not an assignment: `__proto__` is a key like any other.
  return Object.fromEntries(entries)
}

function keyOf(reading: Reading, key: Node): string | null {
  if (isScalar(key) && typeof key.value === 'string') {
    if (key.value === '<<' && key.type === 'PLAIN') return refuse(reading, key, mergeKey)
    return scalar(reading, key, key.value) as string
  }
  return refuse(reading, key, oddKey)
}

function scalar(reading: Reading, node: Node, value: unknown): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) return refuse(reading, node, illFormed)
  if (typeof value === 'number') {
    const exact =
      Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
    return exact ? value : refuse(reading, node, inexact)
  }
  return value
}

function refuse(reading: Reading, node: Node, unfit: Omit<Unfit, 'at'>): null {
  reading.unfit.push({ ...unfit, at: startOf(node) })
  return null
}

const tooDeep = {
  code: 'yaml_too_deep',
  message: `Containers are nested more than ${deepest} deep.`,
}

const exploding = {
  code: 'yaml_alias',
  message: `Aliases repeat more than ${mostRepeated} nodes.`,
  suggestion: 'Write the parts out, or repeat less.',
}

const mergeKey = {
  code: 'yaml_merge_key',
  message: 'Merge keys are not read.',
  suggestion: 'Repeat the fields instead of `<<`.',
}

const oddKey = {
  code: 'yaml_key',
  message: 'A key must be text.',
  suggestion: 'Put the key in quotes.',
}

const illFormed = {
  code: 'yaml_character',
  message: 'The text holds half of a UTF-16 character.',
}

const inexact = {
  code: 'yaml_number',
  message: 'The number cannot be kept exactly.',
  suggestion: 'Put it in quotes, or use a smaller number.',
}

function tagged(tag: string): Omit<Unfit, 'at'> {
  return {
    code: 'yaml_tag',
    message: `Tags such as ${tag.slice(0, 60)} are not read.`,
    suggestion: 'Leave the tag out.',
  }
}

function dangling(anchor: string): Omit<Unfit, 'at'> {
  return {
    code: 'yaml_alias',
    message: `No anchor &${anchor.slice(0, 60)} stands before its alias.`,
  }
}

function duplicate(key: string): Omit<Unfit, 'at'> {
  return { code: 'yaml_duplicate_key', message: `"${key.slice(0, 60)}" is written twice here.` }
}
