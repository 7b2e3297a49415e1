import Type from 'typebox'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import { closed, resourceName } from '../../schemas/field.ts'
import type { Answer } from '../compile/compiler.ts'
import { ControllerFailure } from '../failure.ts'
import { namespacesIn } from '../policies/namespaces-in.ts'
import { withFiles } from '../policies/with-files.ts'
import type { WrittenPolicies } from '../policies/written-policies.ts'
import { type Caller, sees } from './caller.ts'
import { inTime } from './in-time.ts'
import { RequestFailure } from './problem-answer.ts'

const File = closed(
  {
    path: Type.String({
      pattern: '^[^\\s/\\\\][^\\\\]{0,511}$',
      description: 'Path as in the source, which problems name it by.',
    }),
    text: Type.String({ maxLength: 1_048_576, description: 'YAML.' }),
  },
  'A file with policies, of kinds or of the portable format.',
)

/** Policies that somebody asks about. */
export const PolicyFiles = closed(
  {
    files: Type.Array(File, { minItems: 1, maxItems: 200, description: 'The files.' }),
    namespace: Type.Optional(
      resourceName('Namespace of documents that name none; `default` when omitted.'),
    ),
    whole: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether the files are all there is. Otherwise they are put into the source: a file of the same path is replaced, and so is a document of the same kind, namespace and name.',
      }),
    ),
  },
  'Policies that are not in force.',
)
export type PolicyFiles = Type.Static<typeof PolicyFiles>

/** Bytes of a body with policies. */
export const mostPolicyBytes = 2 * 1024 * 1024

/**
 * Compiles what somebody asks about. Rejects with a RequestFailure when it holds documents of a namespace that the
 * caller does not see, or cannot be compiled in time.
 */
export async function compiledFor(
  written: WrittenPolicies,
  { files, namespace = 'default', whole }: PolicyFiles,
  caller: Caller,
): Promise<Answer> {
  const put: readonly SourceFile[] = files.map(file => ({ ...file, namespace }))
  const touched = new Set([namespace, ...put.flatMap(file => [...namespacesIn(file, namespace)])])
  const foreign = [...touched].find(name => !sees(caller, name))
  if (foreign !== undefined) {
    throw new RequestFailure(403, 'You do not belong to every namespace of these documents.')
  }
  try {
    return await inTime(async signal => {
      const source = whole === true ? null : await written.now(signal)
      return written.compile(withFiles(source ?? [], put, 'default'), signal)
    })
  } catch (error) {
    if (error instanceof ControllerFailure && error.code === 'compile_failed') {
      throw new RequestFailure(422, 'The policies take too long to compile.', 'compile_failed')
    }
    throw error
  }
}

/** The problems that a caller may see: those with what was sent, and all of them where all is seen. */
export function visibleProblems(
  { problems }: Pick<Answer, 'problems'>,
  files: readonly { readonly path: string }[],
  caller: Caller,
): Answer['problems'] {
  const sent = new Set(files.map(({ path }) => path))
  return caller.role === 'admin' ? problems : problems.filter(({ file }) => sent.has(file))
}
