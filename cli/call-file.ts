import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { LineCounter, parseDocument } from 'yaml'
import { Call } from '../schemas/call.ts'
import { CliFailure } from './failure.ts'

/** A call out of JSON or YAML text; `name` is what messages call the text. Fails with `usage`. */
export function parseCall(text: string, name: string): Call {
  const value = parseValue(text, name)
  const ajv = new Ajv({ strict: false })
  formats.default(ajv)
  const validate = ajv.compile<Call>(Call)
  if (validate(value)) return value
  const [error] = validate.errors ?? []
  const path = error?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  const extra = error?.params.additionalProperty
  const what = extra === undefined ? (error?.message ?? 'is not a call') : `has no field ${extra}`
  throw new CliFailure('usage', `${name}: ${path === '' ? 'the call' : path} ${what}`, example)
}

function parseValue(text: string, name: string): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error === undefined) return document.toJS({ maxAliasCount: 100 })
  const { line, col } = lines.linePos(error.pos[0])
  throw new CliFailure('usage', `${name}:${line}:${col}: ${error.message}`, example)
}

const example = 'a call looks like {"tool": "deploy_app", "args": {"environment": "production"}}'
