import { relative } from 'node:path'
import type { UpstreamReport } from '../../schemas/proxy-report.ts'
import { many } from '../problem-text.ts'
import { printable, type Sink } from '../terminal.ts'
import { version } from '../version.ts'
import type { ChosenSource } from './default-source.ts'
import type { Serving } from './serve-here.ts'
import type { UpSettings } from './up.ts'

/** What a person reads when everything serves: addresses, key, tool servers, and commands to paste. */
export function welcome(serving: Serving, settings: UpSettings, out: Sink): string {
  const { source, data } = settings
  const { proxyUrl, controllerUrl, proxy, waiting, join } = serving
  const mcp = new URL('/mcp/v1', proxyUrl).href
  const where = near(data.path) === '.writ' ? '' : ` --data ${near(data.path)}`
  const { agentKey } = data.secrets
  const row = (name: string, value: string) => `  ${out.paint('dim', name.padEnd(11))}${value}`
  return [
    out.paint('bold', `Writ ${version} is up.`),
    '',
    row('agents', out.paint('bold', mcp)),
    row('key', agentKey),
    row(
      'policies',
      source.repository ? fromRepository(source.repository) : fromFolder(source.path),
    ),
    ...(waiting === null ? [] : [row('', out.paint('yellow', printable(waiting)))]),
    ...proxy.upstreams().map(upstream => row('server', upstreamText(upstream, out))),
    row('console', out.paint('bold', controllerUrl.href)),
    row('data', near(data.path)),
    '',
    ...joinLines(join),
    'See which tools the agent may use:',
    `  npx @modelcontextprotocol/inspector --cli ${mcp} --transport http --header "Authorization: Bearer ${agentKey}" --method tools/list`,
    '',
    'Connect Claude Code:',
    `  claude mcp add --transport http writ ${mcp} --header "Authorization: Bearer ${agentKey}"`,
    '',
    'Connect any client that reads .mcp.json:',
    `  ${mcpJson(mcp, agentKey)}`,
    '',
    ...modelLines(serving, agentKey),
    ...lookLines(where),
    '',
    'Ctrl-C stops.',
  ].join('\n')
}

/** Where the first account is made. */
function joinLines(join: string | null): readonly string[] {
  if (join === null) return []
  return ['Make your account for the console (good once, for an hour):', `  ${join}`, '']
}

function lookLines(where: string): readonly string[] {
  return [
    `Answer what needs a person:          npx writ approvals watch${where}`,
    `See what was asked for and decided:  npx writ audit list${where}`,
    `See what calls used and cost:        npx writ usage${where}`,
    `See what is left of budgets:         npx writ budgets${where}`,
    `See what is in force:                npx writ status${where}`,
  ]
}

function fromFolder(path: string): string {
  return `${path} (edit a file there: the next call is judged by it)`
}

function fromRepository({ url, branch, path }: NonNullable<ChosenSource['repository']>): string {
  return `${printable(url.href)} (branch ${branch}${path && `, folder ${path}`}: what is pushed there is fetched)`
}

/** How to ask a model, in either dialect, where one is in force. */
function modelLines({ proxy, proxyUrl }: Serving, key: string): readonly string[] {
  const tables = Object.keys(proxy.tables.enforced()).map(name => proxy.tables.current(name))
  const providers = tables.flatMap(loaded => loaded?.table.providers ?? [])
  const named = (protocol: string) =>
    providers
      .filter(provider => provider.protocol === protocol)
      .flatMap(({ models }) => models.map(({ name }) => name))
      .find(name => /^[\w.:-]+$/.test(name))
  const any = named('scripted') ?? named('openai') ?? named('anthropic')
  if (any === undefined) return []
  const ask = (path: string, model: string, credential: string, more = '') => {
    const body = `{"model":"${model}",${more}"messages":[{"role":"user","content":"hello"}]}`
    const url = new URL(path, proxyUrl).href
    return `  curl ${url} -H "${credential}" -H "content-type: application/json" -d '${body}'`
  }
  return [
    'Ask a model, in the words of OpenAI or of Anthropic:',
    ask('/openai/v1/chat/completions', named('openai') ?? any, `Authorization: Bearer ${key}`),
    ask(
      '/anthropic/v1/messages',
      named('anthropic') ?? any,
      `x-api-key: ${key}`,
      '"max_tokens":64,',
    ),
    '',
  ]
}

/** A path below the current folder as people say it; any other in full. */
function near(path: string): string {
  const below = relative('', path)
  return below === '' || below.startsWith('..') ? path : below
}

function upstreamText({ name, state, error, tools }: UpstreamReport, out: Sink): string {
  const offers = tools === undefined ? '' : `, ${many(tools.length, 'tool')}`
  const why = error === undefined ? '' : `: ${printable(error)}`
  const style = state === 'connected' ? 'green' : state === 'failed' ? 'red' : 'yellow'
  return `${printable(name)} ${out.paint(style, state)}${offers}${why}`
}

function mcpJson(url: string, key: string): string {
  const headers = { Authorization: `Bearer ${key}` }
  return JSON.stringify({ mcpServers: { writ: { type: 'http', url, headers } } })
}
