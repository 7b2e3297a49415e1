import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type Type from 'typebox'
import { RequestFailure } from './problem-answer.ts'

/** A function that returns the value when it fits the schema and throws a RequestFailure that says where it does not. */
export function validator<T extends Type.TSchema>(schema: T): (value: unknown) => Type.Static<T> {
  const ajv = new Ajv({ strict: false })
  formats.default(ajv)
  const validate = ajv.compile(schema) as ValidateFunction<Type.Static<T>>
  return value => {
    if (validate(value)) return value
    const [error] = validate.errors ?? []
    throw new RequestFailure(
      400,
      `${error?.instancePath || 'the value'} ${error?.message ?? 'is wrong'}`,
    )
  }
}
