import type { InitSettings } from './init-plan.ts'

/** Keeps what Writ and npm leave behind out of the repository. */
export const gitIgnore = `node_modules/
.writ/
`

/** Which Writ reads the policies. */
export function packageFile({ version }: Pick<InitSettings, 'version'>): string {
  const file = { private: true, type: 'module', devDependencies: { writ: version } }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Who is asked about every change. */
export function codeOwners({ owner }: Pick<InitSettings, 'owner'>): string {
  return `# Whoever is named here is asked to review. An approval that counts is given to Writ: see README.md.
* @${owner}
`
}

/** Lets an editor with the YAML extension complete and check policies. */
export const editorSettings = `${JSON.stringify(
  { 'yaml.schemas': { './.vscode/writ.schema.json': ['policies/**/*.yaml', 'policies/**/*.yml'] } },
  null,
  2,
)}\n`

/** What there is and how to go on. */
export function readme({ url, repository, owner }: InitSettings): string {
  const forge = repository === null ? '' : reviews
  return `# Policies for agents

What agents may do here is written in \`policies/\`, reviewed like code and enforced by Writ.

| file                        | what                                                        |
| --------------------------- | ----------------------------------------------------------- |
| \`policies/agents.yaml\`      | what agents may do                                          |
| \`policies/servers.yaml\`     | the MCP servers behind Writ                                 |
| \`policies/workflows.yaml\`   | who answers what the rules leave to people                  |
| \`policies/people.yaml\`      | the people                                                  |
| \`policies/source.yaml\`      | where policies come from, and how changes are reviewed      |
| \`policies/tests.yaml\`       | calls and the decisions that they must get                  |
| \`.github/workflows/\`        | checks and tests for every change                           |
| \`.vscode/writ.schema.json\`  | what editors know of the documents: \`npx writ schema\`       |

    npm install
    npx writ check policies
    npx writ test policies
    npx writ up policies          # on this machine

Serve what is pushed, from anywhere:

    npx writ up ${url} --path policies

First of all make \`policies/servers.yaml\` name your servers, and \`policies/people.yaml\` you instead of ${owner}.
${forge}`
}

const reviews = `
## Reviews

Once \`policies/source.yaml\` is in force and the controller has the token, every pull request gets a check \`writ/policy\`
and one comment: problems, what changes for agents, and which recorded calls would be decided otherwise. A change that is
proved to narrow needs one approver, any other the workflow \`policy-review\`: a comment \`/approve DIGEST\`, which the check
shows. Protect the branch \`main\`: require the checks \`writ/policy\` and \`policies\`.
`
