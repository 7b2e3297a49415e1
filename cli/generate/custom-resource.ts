import { apiVersion, type Kind } from '../../schemas/resource.ts'
import { type SchemaNode, schemaNode } from './schema-node.ts'
import { type Validation, validations } from './validations.ts'

const [group = '', version = ''] = apiVersion.split('/')

/** The CustomResourceDefinition of a kind, as an object of apiextensions.k8s.io/v1. */
export function customResource(kind: Kind): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
        ...(kind.status === undefined && { categories: ['writ'] }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: [
            ...kind.columns,
            ...(kind.status === undefined ? commonColumns : [age]),
          ],
          subresources: { status: {} },
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  }
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

const commonColumns = [
  ...['Accepted', 'Programmed', 'Enforced'].map(type => conditionColumn(type, type, 'status')),
  { ...conditionColumn('Why', 'Accepted', 'message'), priority: 1 },
  { ...conditionColumn('Proxies', 'Enforced', 'message'), priority: 1 },
  age,
]

function conditionColumn(name: string, type: string, field: 'status' | 'message') {
  const jsonPath = `.status.conditions[?(@.type=="${type}")].${field}`
  return { name, type: 'string', jsonPath }
}

function objectSchema(kind: Kind): object {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Always ${apiVersion}.` },
      kind: { type: 'string', description: `Always ${kind.kind}.` },
      metadata: { type: 'object' },
      spec: structural(schemaNode(kind.spec), 'spec', validations[kind.kind] ?? []),
      status: kind.status === undefined ? commonStatus(kind) : ownStatus(kind.status),
    },
  }
}

function commonStatus({ found }: Kind): object {
  if (found === undefined) return statusSchema
  const { properties } = structural(schemaNode(found), 'status', []) as SchemaNode
  return { ...statusSchema, properties: { ...statusSchema.properties, ...properties } }
}

function ownStatus(status: object): object {
  const { properties, ...rest } = structural(schemaNode(status), 'status', []) as SchemaNode
  return { ...rest, properties: { ...properties, conditions: statusSchema.properties.conditions } }
}

/**
 * The same shape under the rules of structural schemas: a type everywhere, unknown fields pruned
 * instead of refused, and what has no fixed shape preserved as it is.
 */
function structural(node: SchemaNode, path: string, rules: readonly Validation[]): object {
  if (isFreeForm(node)) return preserved(node)
  const here = rules.filter(rule => rule.path === path)
  return {
    ...scalar(node),
    ...(node.items !== undefined && { items: structural(node.items, `${path}[]`, rules) }),
    ...(node.uniqueItems === true && { 'x-kubernetes-list-type': 'set' }),
    ...fields(node, path, rules),
    ...(here.length > 0 && {
      'x-kubernetes-validations': here.map(({ rule, message }) => ({ rule, message })),
    }),
  }
}

function isFreeForm(node: SchemaNode): boolean {
  const open = Object.values(node.patternProperties ?? {})[0]
  return node.type === undefined || (open !== undefined && open.type === undefined)
}

function preserved({ type, description }: SchemaNode): object {
  return {
    ...(type !== undefined && { type }),
    ...(description !== undefined && { description }),
    'x-kubernetes-preserve-unknown-fields': true,
  }
}

function scalar(node: SchemaNode): object {
  const { items, properties, patternProperties, additionalProperties, uniqueItems, ...kept } = node
  const { const: only, ...rest } = kept
  return {
    ...rest,
    ...(only !== undefined && { enum: [only] }),
    ...(node.type === 'integer' && { format: 'int64' }),
  }
}

function fields(node: SchemaNode, path: string, rules: readonly Validation[]): object {
  if (node.properties !== undefined) {
    const entries = Object.entries(node.properties)
    const under = entries.map(([name, child]) => [
      name,
      structural(child, `${path}.${name}`, rules),
    ])
    return { properties: Object.fromEntries(under) }
  }
  const each = Object.values(node.patternProperties ?? {})[0]
  return each === undefined ? {} : { additionalProperties: structural(each, `${path}.*`, rules) }
}

const statusSchema = {
  type: 'object',
  description: 'What the controller found; written by it alone.',
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The generation that the status speaks of.',
    },
    conditions: {
      type: 'array',
      description:
        'Accepted (it compiles), Programmed (in a published table), Enforced (proxies use it).',
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        description: 'One condition.',
        required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
        properties: {
          type: { type: 'string', maxLength: 316, description: 'Name of the condition.' },
          status: {
            type: 'string',
            enum: ['True', 'False', 'Unknown'],
            description: 'Whether it holds.',
          },
          reason: { type: 'string', maxLength: 1024, description: 'Why, in one word.' },
          message: { type: 'string', maxLength: 32768, description: 'Why, in a sentence.' },
          lastTransitionTime: {
            type: 'string',
            format: 'date-time',
            description: 'When the status last changed.',
          },
          observedGeneration: {
            type: 'integer',
            format: 'int64',
            description: 'The generation that the condition speaks of.',
          },
        },
      },
    },
    table: {
      type: 'string',
      maxLength: 80,
      description: 'Digest of the table in which this generation came into force.',
    },
    problems: {
      type: 'array',
      description: 'What is wrong with the object; the first twenty.',
      maxItems: 20,
      items: {
        type: 'object',
        description: 'One problem.',
        required: ['severity', 'code', 'message'],
        properties: {
          severity: { type: 'string', enum: ['error', 'warning'], description: 'How bad it is.' },
          code: { type: 'string', maxLength: 64, description: 'Code of the problem.' },
          message: { type: 'string', maxLength: 4096, description: 'The problem in a sentence.' },
          suggestion: { type: 'string', maxLength: 4096, description: 'What to write instead.' },
          path: { type: 'string', maxLength: 1024, description: 'The field.' },
        },
      },
    },
  },
}
