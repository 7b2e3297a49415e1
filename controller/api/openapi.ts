import {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalEvent,
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
  ApprovalVote,
} from '../../schemas/approval.ts'
import { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import { ProxyReport } from '../../schemas/proxy-report.ts'
import { Record as Entry } from '../../schemas/record.ts'
import { TableRelease } from '../../schemas/table-release.ts'
import { ProblemDetails } from './problem-details.ts'
import type { Route, RouteAnswer } from './route.ts'
import { StatusAnswer } from './status-answer.ts'

/** A description of the API in OpenAPI 3.1. */
export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly securitySchemes: object
  }
}

/** One method of one path. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security: readonly object[]
  /** Who may call. */
  readonly 'x-roles': readonly string[] | 'everyone'
  /** What the role of an account must allow. */
  readonly 'x-permission'?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Content
  }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content }>
  >
}

/** Part of a path or of a query. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly description: string
  readonly schema: Schema
  readonly explode?: false
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

/** A JSON Schema, as far as it is looked at here. */
export interface Schema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** Schemas that have a name of their own. */
const named = {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalEvent,
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
  ApprovalVote,
  ApprovalWorkflowSpec,
  Entry,
  ProblemDetails,
  ProxyReport,
  Status: StatusAnswer,
  TableRelease,
}

/** Describes routes by the schemas that they are checked by. */
export function openApi(routes: readonly Route[], version: string): OpenApi {
  const namesByText = new Map(
    Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]),
  )
  const refer = (schema: object) => referring(plain(schema), namesByText, true)
  const byPath = Map.groupBy(routes, ({ path }) => path.replace(/:(\w+)/g, '{$1}'))
  const paths = [...byPath].map(([path, methods]) => [
    path,
    Object.fromEntries(methods.map(route => [route.method, operation(route, path, refer)])),
  ])
  return {
    openapi: '3.1.0',
    info: { title: 'Writ controller', version, description },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [
          name,
          referring(plain(schema), namesByText, false),
        ]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'writ_session' },
      },
    },
  }
}

const description =
  'Bearer tokens: the admin token reads everything, a proxy has its own, a User has keys, and whoever signs in gets one. ' +
  'A browser that is signed in has a cookie, and shows x-csrf-token with what it changes. ' +
  'What happens is told as it happens over a WebSocket at /api/v1/ws/unified.'

type Refer = (schema: object) => Schema

function opensByCookie({ roles, permission }: Route): boolean {
  return permission !== undefined || roles.includes('account')
}

function operation(route: Route, path: string, refer: Refer): Operation {
  const { method, roles, about, body } = route
  const parameters = [
    ...parametersOf('path', about.params, refer),
    ...parametersOf('query', about.query, refer),
  ]
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, next) => next.toUpperCase())}`,
    summary: about.summary,
    tags: [path.replace('/api/v1/', '/').split('/')[1] ?? ''],
    security:
      roles === 'everyone'
        ? []
        : opensByCookie(route)
          ? [{ bearer: [] }, { cookie: [] }]
          : [{ bearer: [] }],
    'x-roles': roles,
    ...(route.permission !== undefined && { 'x-permission': route.permission }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: { [body.type]: about.body ? { schema: refer(about.body) } : {} },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(about.answers).map(([status, answer]) => [
          status,
          responseOf(Number(status), answer, refer),
        ]),
      ),
      default: { description: 'Refused, or failed.', content: problem(refer) },
    },
  }
}

/** Whatever a route refuses with, the guard before it may have refused with problem details. */
function responseOf(status: number, answer: RouteAnswer, refer: Refer) {
  const { description, type, schema, otherTypes = [] } = answer
  if (type === undefined && schema === undefined) return { description }
  const own = { [type ?? 'application/json']: schema ? { schema: refer(schema) } : {} }
  const others = Object.fromEntries(otherTypes.map(type => [type, {}]))
  return { description, content: { ...(status >= 400 && problem(refer)), ...own, ...others } }
}

function problem(refer: Refer): Content {
  return { 'application/problem+json': { schema: refer(ProblemDetails) } }
}

function parametersOf(
  place: Parameter['in'],
  schema: object | undefined,
  refer: Refer,
): readonly Parameter[] {
  const { properties = {}, required = [] } = schema === undefined ? {} : refer(schema)
  return Object.entries(properties).map(([name, { description = '', ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || (required.includes(name) && rest.default === undefined),
    description,
    schema: rest,
    ...(rest.type === 'array' && { explode: false }),
  }))
}

function plain(schema: object): Schema {
  return JSON.parse(JSON.stringify(schema))
}

/** The schema with every part that has a name replaced by a reference to it. */
function referring(schema: Schema, names: ReadonlyMap<string, string>, whole: boolean): Schema {
  const name = whole ? names.get(JSON.stringify(schema)) : undefined
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
  const parts = Object.entries(schema).map(([keyword, part]) => [keyword, within(part, names)])
  return Object.fromEntries(parts)
}

function within(part: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(part)) return part.map(item => within(item, names))
  return typeof part === 'object' && part !== null ? referring(part as Schema, names, true) : part
}
