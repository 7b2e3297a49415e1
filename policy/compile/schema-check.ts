import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import * as formats from 'ajv-formats'
import type { Problem } from '../../schemas/problem.ts'
import { schemaProblem } from './schema-problem.ts'
import type { SourceDocument } from './source-document.ts'

/** Problems shown for the shape of one document. */
const mostProblems = 100

/** What is wrong with the shape of a document; an empty list when it is what the schema says. */
export function schemaProblems(schema: object, document: SourceDocument): readonly Problem[] {
  const validate = validator(schema)
  if (validate(document.value)) return []
  const errors = validate.errors as readonly ErrorObject[]
  const words = new Set(errors.filter(({ keyword }) => keyword === 'enum').map(pathOf))
  return (
    errors
      .filter(error => error.keyword !== 'anyOf')
      // What must be one of some words need not be told that it must be text.
      .filter(error => error.keyword !== 'type' || !words.has(pathOf(error)))
      .slice(0, mostProblems)
      .map(error => schemaProblem(error, document))
  )
}

const validators = new WeakMap<object, ValidateFunction>()

/** Compiling takes longer than reading a small repository, so each schema is compiled once, when first needed. */
function validator(schema: object): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, messages: false })
  formats.default.default(ajv, ['date-time', 'email'])
  const validate = ajv.compile(schema)
  validators.set(schema, validate)
  return validate
}

function pathOf({ instancePath }: ErrorObject): string {
  return instancePath
}
