import { createHash } from 'node:crypto'
import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Answer, Question } from '../../compile/compiler.ts'

export interface NamespaceCompilerNeeds {
  readonly compile: (question: Question, signal: AbortSignal) => Promise<Answer>
  readonly systemNamespace: string
}

type Catalog = NonNullable<CompileOptions['catalog']>

/** Files of one namespace, and what they are compiled with. */
interface NamespaceQuestion {
  readonly namespace: string
  readonly files: readonly SourceFile[]
  readonly catalog: Catalog
}

/** Compiles a namespace; the same question is not compiled again while its answer is kept. */
export type NamespaceCompiler = (
  question: NamespaceQuestion,
  signal: AbortSignal,
) => Promise<Answer>

/** Answers kept for a namespace: of the newest versions and of those in force, with what proxies see of tools and without, and with overrides. */
const mostKept = 8

interface Kept {
  readonly key: string
  readonly answer: Answer
}

/** A compiler that keeps answers by content, so that an edit in one namespace compiles one namespace. */
export function namespaceCompiler(needs: NamespaceCompilerNeeds): NamespaceCompiler {
  const { compile, systemNamespace } = needs
  const answers = new Map<string, readonly Kept[]>()
  return async ({ namespace, files, catalog }, signal) => {
    const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
    const key = keyOf(sorted, catalog)
    const kept = answers.get(namespace) ?? []
    const known = kept.find(answer => answer.key === key)
    if (known !== undefined) return known.answer
    const options = { namespace, systemNamespace, catalog }
    const answer = about(namespace, await compile({ files: sorted, options }, signal))
    const others = (answers.get(namespace) ?? []).filter(answer => answer.key !== key)
    answers.set(namespace, [{ key, answer }, ...others].slice(0, mostKept))
    return answer
  }
}

/** What is known of the tools of some namespaces; keys are `namespace/server`. */
export function catalogOf(catalog: Catalog, namespaces: readonly string[]): Catalog {
  return new Map([...catalog].filter(([server]) => namespaces.includes(server.split('/')[0] ?? '')))
}

/** Of the tables and directories, only those of the namespace. */
function about(namespace: string, { problems, tables, directories }: Answer): Answer {
  return {
    problems,
    tables: tables === null ? null : tables.filter(([name]) => name === namespace),
    directories: directories.filter(directory => directory.namespace === namespace),
  }
}

function keyOf(files: readonly SourceFile[], catalog: Catalog): string {
  const hash = createHash('sha256')
  for (const { path, commit = '', text } of files) hash.update(JSON.stringify([path, commit, text]))
  return hash.update(JSON.stringify([...catalog])).digest('hex')
}
