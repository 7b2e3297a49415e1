import Type from 'typebox'
import { validator } from '../api/validator.ts'
import { ForgeFailure } from '../forge/failure.ts'

const number = Type.Integer({ minimum: 1 })
const text = Type.String({ minLength: 1 })
const instant = Type.String({ format: 'date-time' })
const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const User = Type.Object({ id: number, login: text, type: Type.Optional(Type.String()) })

const Repository = Type.Object({
  ...{ id: number, full_name: text, default_branch: text, html_url: text },
})

const Comment = Type.Object({
  ...{ id: number, user: orNull(User), body: Type.Optional(orNull(Type.String())) },
  ...{ created_at: instant, updated_at: instant, html_url: text },
  issue_url: Type.String({ pattern: '/[1-9][0-9]{0,9}$' }),
})

const Pull = Type.Object({
  ...{ number, title: Type.String(), html_url: text, user: orNull(User), updated_at: instant },
  head: Type.Object({ sha: text, ref: text, repo: orNull(Type.Object({ id: number })) }),
  base: Type.Object({ sha: text, ref: text }),
  ...{ state: text, merged_at: orNull(instant), merge_commit_sha: orNull(text) },
})

const Issue = Type.Object({ number, state: text, user: orNull(User), locked: Type.Boolean() })

const Look = Type.Object({
  node: Type.Object({
    isMinimized: Type.Boolean(),
    lastEditedAt: orNull(instant),
    repository: Type.Object({ databaseId: number }),
  }),
})

/** Each returns what it is given, and throws a ForgeFailure `malformed` when what is read of it is not there. */
export const shaped = {
  user: shape('an account', User),
  repository: shape('a repository', Repository),
  comment: shape('a comment', Comment),
  pull: shape('a pull request', Pull),
  issue: shape('an issue', Issue),
  look: shape('a comment', Look) as (value: unknown) => Type.Static<typeof Look>,
}

function shape(what: string, schema: Type.TSchema): <T>(value: T) => T {
  const valid = validator(schema)
  return value => {
    try {
      valid(value)
    } catch {
      throw new ForgeFailure('malformed', `GitHub answered what is not ${what}`)
    }
    return value
  }
}
