import type { Kysely } from 'kysely'
import Type from 'typebox'
import type { ExportDifference } from '../../policy/translate/export-difference.ts'
import { exportKinds } from '../../policy/translate/export-kinds.ts'
import { exportPortable } from '../../policy/translate/export-portable.ts'
import { keysLeftOut, withoutKeys } from '../../policy/translate/without-keys.ts'
import { closed, oneOf, resourceName } from '../../schemas/field.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { KnownTool } from '../../schemas/tool-server.ts'
import { pastVersions } from '../publish/past-versions.ts'
import type { Releases } from '../publish/releases.ts'
import type { Database } from '../store/database.ts'
import { type Caller, namespacesOf, sees, userIn } from './caller.ts'
import { declare } from './declare.ts'
import { ownersIn } from './is-owner.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface PolicyExportNeeds {
  readonly db: Kysely<Database>
  readonly releases: Pick<Releases, 'current' | 'body' | 'directories'>
  /** The tools that proxies see, by `namespace/server`. */
  readonly offered: () => ReadonlyMap<string, readonly KnownTool[]>
}

const Query = closed(
  {
    namespace: Type.Optional(resourceName('The namespace; may be left out where you see one.')),
    version: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,15}$',
        description: 'Number of a version; what is in force when omitted.',
      }),
    ),
    format: oneOf(['kinds', 'portable'], '`portable` is policy format version 1.0.', {
      default: 'kinds',
    }),
    output: oneOf(['yaml', 'json'], '`json` holds the YAML and lists what it does not say.', {
      default: 'yaml',
    }),
  },
  'What is exported, and how.',
)

const Difference = closed(
  {
    code: Type.String({ description: 'What programs match on.' }),
    effect: oneOf(['stricter', 'looser', 'none'], 'How whoever reads the export decides then.'),
    message: Type.String({ description: 'A sentence.' }),
    policy: Type.Optional(Type.String({ description: 'The policy that it is about.' })),
  },
  'Something that the export does not say, or says otherwise.',
)

const Export = closed(
  {
    namespace: Type.String({ description: 'Namespace.' }),
    digest: Type.String({ description: 'Digest of the rule table.' }),
    format: oneOf(['kinds', 'portable'], 'What the documents are.'),
    yaml: Type.String({ description: 'The documents.' }),
    differences: Type.Array(Difference, { description: 'What they do not say.' }),
  },
  'What is or was in force, written down.',
)

/** What is in force, or was, written down as YAML; what that does not say is named at its beginning. */
export function policyExportRoute(needs: PolicyExportNeeds): Route {
  const isOwner = ownersIn(needs.releases.directories)
  return declare({
    method: 'get',
    path: '/api/v1/policies/export',
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary:
      'What is in force in a namespace, or was, as YAML; what that cannot say is named in it.',
    query: Query,
    answers: {
      200: {
        description: 'YAML, or with `output=json` an object.',
        schema: Export,
        otherTypes: ['application/yaml'],
      },
    },
    handle: async ({ query, caller }, response) => {
      const { format, output } = query
      const { digest, ...asked } = await tableAsked(needs, query, caller)
      const { namespace } = asked.table
      const isAdmin = caller.role === 'admin' || isOwner(namespace, userIn(caller, namespace))
      const { table, directory } = isAdmin ? asked : withoutKeys(asked.table, asked.directory)
      const written =
        format === 'kinds'
          ? exportKinds(table, directory)
          : exportPortable(table, directory, toolsIn(needs, table))
      const { text } = written
      const left = isAdmin || format !== 'kinds' ? [] : [keysLeftOut]
      const differences = [...left, ...written.differences]
      if (output === 'json') {
        response.json({ namespace, digest, format, yaml: text, differences })
        return
      }
      const name = `${namespace}.${format}.yaml`
      response.set('content-disposition', `attachment; filename="${name}"`)
      response.type('application/yaml').send(commented(namespace, digest, differences) + text)
    },
  })
}

interface Asked {
  readonly namespace?: string
  readonly version?: string
}

async function tableAsked(
  { db, releases }: PolicyExportNeeds,
  { namespace, version }: Asked,
  caller: Caller,
) {
  const release =
    version === undefined
      ? inForce(releases, namespace, caller)
      : (await pastVersions(db, { before: Number(version) + 1, limit: 1 }))[0]
  const wrong = version !== undefined && release !== undefined && String(idOf(release)) !== version
  if (release === undefined || wrong || !sees(caller, release.namespace)) throw unknown(version)
  const body = await releases.body(release.digest)
  if (body === null)
    throw new RequestFailure(410, 'The table of this version is not kept any more.')
  const current = releases.current().find(one => one.namespace === release.namespace)
  const isCurrent = current?.digest === release.digest
  return {
    table: JSON.parse(body) as RuleTable,
    digest: release.digest,
    directory: isCurrent ? releases.directories.of(release.namespace) : null,
  }
}

function idOf(release: { readonly id?: number }): number | undefined {
  return release.id
}

interface Release {
  readonly namespace: string
  readonly digest: string
  readonly id?: number
}

function inForce(
  releases: PolicyExportNeeds['releases'],
  namespace: string | undefined,
  caller: Caller,
): Release | undefined {
  const seen = releases.current().filter(release => sees(caller, release.namespace))
  if (namespace !== undefined) return seen.find(release => release.namespace === namespace)
  if (seen.length > 1) {
    const names = namespacesOf(caller) ?? seen.map(release => release.namespace)
    throw new RequestFailure(
      400,
      `namespace is missing; there are ${[...names].sort().join(', ')}.`,
    )
  }
  return seen[0]
}

function unknown(version: string | undefined): RequestFailure {
  return version === undefined
    ? new RequestFailure(404, 'Nothing is in force in this namespace.', 'unknown_namespace')
    : new RequestFailure(404, 'There is no such version.', 'unknown_version')
}

/** Tools as clients see them, by server: as proxies see them, else as they are written. */
function toolsIn({ offered }: PolicyExportNeeds, { namespace, servers }: RuleTable) {
  const seen = offered()
  return new Map(
    servers.flatMap(({ name, spec }) => {
      const tools = seen.get(`${namespace}/${name}`) ?? spec.tools
      const named = tools?.map(tool => `${spec.prefix ?? ''}${tool.name}`)
      return named === undefined ? [] : [[name, named] as const]
    }),
  )
}

function commented(
  namespace: string,
  digest: string,
  differences: readonly ExportDifference[],
): string {
  const head = [`${namespace}, ${digest}`, ...(differences.length > 0 ? ['Not said here:'] : [])]
  const lines = differences.map(({ effect, message }) =>
    effect === 'none' ? `- ${message}` : `- (${effect}) ${message}`,
  )
  return `${[...head, ...lines].map(line => `# ${line.replace(/\s+/g, ' ')}`).join('\n')}\n`
}
