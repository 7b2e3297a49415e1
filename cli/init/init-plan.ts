import { people, policySource, workflows } from './example-people.ts'
import { agentPolicies, policyTests, toolServers } from './example-policies.ts'
import { codeOwners, editorSettings, gitIgnore, packageFile, readme } from './repository-files.ts'
import { workflowFile } from './workflow-file.ts'

/** What a policy repository is made for. */
export interface InitSettings {
  /** Address of the repository, as git clones it. */
  readonly url: string
  /** owner/name at GitHub, where it is there. */
  readonly repository: string | null
  /** Login of whoever answers for the policies. */
  readonly owner: string
  /** Of Writ. */
  readonly version: string
  /** JSON Schema of every document that Writ reads. */
  readonly schema: string
}

/** A file of the repository, by its path in it. */
export interface InitFile {
  readonly path: string
  readonly text: string
}

/** The files of a policy repository; what is in `policies/` compiles without a word, and its tests pass. */
export function initPlan(settings: InitSettings): readonly InitFile[] {
  const files: Readonly<Record<string, string>> = {
    'README.md': readme(settings),
    'policies/agents.yaml': agentPolicies,
    'policies/servers.yaml': toolServers,
    'policies/workflows.yaml': workflows,
    'policies/people.yaml': people(settings),
    'policies/source.yaml': policySource(settings),
    'policies/tests.yaml': policyTests,
    'package.json': packageFile(settings),
    '.gitignore': gitIgnore,
    '.github/CODEOWNERS': codeOwners(settings),
    '.github/workflows/writ.yaml': workflowFile,
    '.vscode/settings.json': editorSettings,
    '.vscode/writ.schema.json': settings.schema,
  }
  return Object.entries(files).map(([path, text]) => ({ path, text }))
}
