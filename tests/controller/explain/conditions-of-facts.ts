import type { CallKind } from '../../../schemas/call-kind.ts'

/** Conditions that read every fact there is, some of them wrong for some calls. */
const conditions = [
  'args.n > 1',
  'args.n < 0.5',
  'has(args.s) && args.s == "x"',
  'has(args.token) && args.token == "x"',
  'has(args.token) || args.n > 2',
  'args.list.exists(i, i > 2)',
  'size(args) > 2',
  'args.map(k, k)[0] == "n"',
  'args.o.p == 1',
  'args.s.matches("^[a-m]")',
  'session.toolCalls > 3',
  'session.modelCalls + session.toolCalls > 6',
  'session.spentUsd > 0.01',
  '"a" in session.toolsUsed',
  'session.toolsUsed.exists(t, t.endsWith("b"))',
  'size(session.toolsUsed) > 1 && session.toolsUsed[0] == "ab"',
  'session.startedAt < timestamp("2026-11-21T12:00:00Z")',
  'request.time - session.startedAt > duration("60m")',
  'session.id.contains("1")',
  'request.time.getHours() < 12',
  'request.time.getMilliseconds() < 500',
  'request.justification.contains("ticket")',
  'request.protocol == "2025-11-25"',
  'request.stream',
  'request.maxTokens > 1000',
  'request.inputTokens > 20',
  '"mcp" in request.tools || "search" in request.tools',
  'subject.agent == "web"',
  'subject.kind == "bot"',
  'subject.apiKey == "laptop"',
  'subject.user == "ana"',
  '"leads" in subject.groups',
  'subject.labels.env == "live"',
  'has(subject.labels.env)',
  'subject.namespace == "default"',
  'tool.readOnly',
  'tool.destructive && !tool.readOnly',
  'tool.name == "ab"',
  'tool.server == "files"',
  'model.requested != model.name',
  'model.provider == "played" && model.name.startsWith("s")',
  'resource.uri.startsWith("file:///a")',
  'prompt.name == "a"',
] as const

/** Which of them may stand in rules about a kind of calls. */
const readBy: Readonly<Record<CallKind, RegExp>> = {
  tool: /^(?!.*(\bmodel\.|resource\.|prompt\.|request\.(stream|max|input|tools)))/,
  model: /^(?!.*(args|tool\.|resource\.|prompt\.|justification|protocol))/,
  resource:
    /^(?!.*(args|\btool\.|model\.|prompt\.|justification|request\.(stream|max|input|tools)))/,
  prompt: /^(?!.*(\btool\.|model\.|resource\.|justification|request\.(stream|max|input|tools)))/,
}

/** Conditions of rules about a kind of calls. */
export function conditionsOf(kind: CallKind): readonly string[] {
  return conditions.filter(condition => readBy[kind].test(condition))
}
