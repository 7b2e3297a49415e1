import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import * as formats from 'ajv-formats'
import type { Problem } from '../../schemas/problem.ts'
import { flawOf, isUnsure } from './flaw.ts'
import { schemaProblem } from './schema-problem.ts'
import type { Path, SourceDocument } from './source-document.ts'
import { type ShapeSchema, wellShaped } from './well-shaped.ts'

/** What a document says as far as it is what its schema says. */
export interface CheckedShape {
  /** What is wrong with its shape; none when it is what the schema says. */
  readonly problems: readonly Problem[]
  /** The document as the schema says it, with blanks for what is wrong. */
  readonly value: unknown
  /** Whether something at the path, above it or below it is wrong. */
  readonly unsure: (path: Path) => boolean
}

/** Problems shown for the shape of one document. */
const mostProblems = 100

/** Checks the shape of a document, and reads it as far as it is right. */
export function checkedShape(schema: object, document: SourceDocument): CheckedShape {
  const validate = validator(schema)
  if (validate(document.value)) return { problems: [], value: document.value, unsure: () => false }
  const errors = validate.errors as readonly ErrorObject[]
  const flaw = flawOf(errors)
  return {
    problems: problemsOf(errors, document),
    value: wellShaped(schema as ShapeSchema, document.value, flaw),
    unsure: path => isUnsure(flaw, path),
  }
}

function problemsOf(errors: readonly ErrorObject[], document: SourceDocument): readonly Problem[] {
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
