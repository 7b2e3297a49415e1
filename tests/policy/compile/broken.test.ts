import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import type { Problem } from '../../../schemas/problem.ts'

const head = 'apiVersion: writ.dev/v1alpha1\n'

const of = (kind: string, spec: string) =>
  `${head}kind: ${kind}\nmetadata: { name: x }\nspec: ${spec}\n`

const policy = (spec: string) => of('AccessPolicy', spec)

const when = (condition: string) =>
  policy(`{ tools: [{ name: t, rules: [{ when: ${JSON.stringify(condition)}, action: deny }] }] }`)

/** What is written, and the first four problems with it. */
const broken: readonly (readonly [claim: string, text: string, problems: readonly string[]])[] = [
  ['nothing', '', ['warning 1:1 empty_file: The file holds no document.']],
  ['only a comment', '# nothing here\n', ['warning 1:1 empty_file: The file holds no document.']],
  ['only white space', ' \n\t\n', ['warning 1:1 empty_file: The file holds no document.']],
  ['an empty document', '---\n...\n', ['warning 1:1 empty_file: The file holds no document.']],
  [
    'words',
    'hello',
    [
      'error 1:1 not_a_resource: A document must be a mapping. Write apiVersion: writ.dev/v1alpha1, kind, metadata and spec.',
    ],
  ],
  [
    'a number',
    '42',
    [
      'error 1:1 not_a_resource: A document must be a mapping. Write apiVersion: writ.dev/v1alpha1, kind, metadata and spec.',
    ],
  ],
  [
    'a list',
    '- a\n- b\n',
    [
      'error 1:1 not_a_resource: A document must be a mapping. Write apiVersion: writ.dev/v1alpha1, kind, metadata and spec.',
    ],
  ],
  [
    '50 MB',
    'x'.repeat(50 * 1024 * 1024),
    ['error 1:1 file_too_long: The file is longer than 4 MiB. Split it.'],
  ],
  [
    '100,000 documents',
    '---\na: 1\n'.repeat(100_000),
    [
      'error 1:1 too_much: Together the files hold more than 32 MiB or 20000 documents; this file and those after it were not read.',
    ],
  ],
  [
    'a bracket that is not closed',
    'a: [1, 2',
    [
      'error 1:9 yaml: This is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
  ],
  [
    'a quote that is not closed',
    'a: "x',
    ['error 1:6 yaml: This is not YAML: Missing closing "quote.'],
  ],
  [
    'a mapping out of line',
    'a:\n  b: 1\n c: 2',
    ['error 3:1 yaml: This is not YAML: All mapping items must start at the same column.'],
  ],
  [
    'a tab for indentation',
    'a:\n\tb: 1',
    ['error 2:1 yaml: This is not YAML: a tab stands where spaces must indent.'],
  ],
  [
    'two values for a key',
    'a: b: c',
    ['error 1:4 yaml: This is not YAML: Nested mappings are not allowed in compact mappings.'],
  ],
  [
    'an unknown escape',
    'a: "\\q"',
    ['error 1:5 yaml: This is not YAML: Invalid escape sequence \\q.'],
  ],
  [
    'half of a character',
    'a: "\\ud800"',
    ['error 1:4 yaml_character: The text holds half of a UTF-16 character.'],
  ],
  [
    'a control character',
    'a: \u0007',
    [
      'error 1:4 yaml_character: The file holds a control character, or one that hides how text reads. Remove it, or write it as an escape in double quotes.',
    ],
  ],
  [
    'text that turns its direction',
    'a: \u202e',
    [
      'error 1:4 yaml_character: The file holds a control character, or one that hides how text reads. Remove it, or write it as an escape in double quotes.',
    ],
  ],
  [
    'a byte order mark',
    `\uFEFF${of('User', '{}')}`,
    [
      'warning 1:1 byte_order_mark: The file begins with a byte order mark. Save it as UTF-8 without one.',
    ],
  ],
  ['a key twice', 'a: 1\na: 2\n', ['error 2:1 yaml_duplicate_key: "a" is written twice here.']],
  ['a number as a key', '1: a', ['error 1:1 yaml_key: A key must be text. Put the key in quotes.']],
  [
    'a list as a key',
    '? [a, b]\n: 1',
    ['error 1:3 yaml_key: A key must be text. Put the key in quotes.'],
  ],
  ['no key', ': a', ['error 1:1 yaml_key: A key must be text. Put the key in quotes.']],
  [
    'an alias as a key',
    '&a x: 1\n*a : 2',
    ['error 2:1 yaml_key: A key must be text. Put the key in quotes.'],
  ],
  [
    'a merge key',
    'x: &x { a: 1 }\ny: { <<: *x }',
    ['error 2:6 yaml_merge_key: Merge keys are not read. Repeat the fields instead of `<<`.'],
  ],
  [
    'a tag',
    'a: !secret b',
    ['error 1:12 yaml_tag: Tags such as !secret are not read. Leave the tag out.'],
  ],
  [
    'a binary tag',
    'a: !!binary aGk=',
    ['error 1:13 yaml_tag: Tags such as tag:yaml.org,2002:binary are not read. Leave the tag out.'],
  ],
  ['an alias of nothing', 'a: *b', ['error 1:4 yaml_alias: No anchor &b stands before its alias.']],
  [
    'an anchor that holds itself',
    '&a [*a]',
    ['error 1:5 yaml_too_deep: Containers are nested more than 64 deep.'],
  ],
  [
    'anchors that explode',
    ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdef']
      .map((name, i) =>
        i === 0 ? name : `${name}: &${name} [${Array(10).fill(`*${'abcdef'[i - 1]}`)}]`,
      )
      .join('\n'),
    [
      'error 4:29 yaml_alias: Aliases repeat more than 10000 nodes. Write the parts out, or repeat less.',
    ],
  ],
  [
    'a million brackets',
    '['.repeat(1_000_000),
    ['error 1:129 yaml_too_deep: Containers are nested more than 64 deep.'],
  ],
  [
    'a hundred lists in lists',
    `${'- '.repeat(100)}a`,
    ['error 1:131 yaml_too_deep: Containers are nested more than 64 deep.'],
  ],
  [
    'a hundred mappings in mappings',
    Array.from({ length: 100 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    ['error 66:66 yaml_too_deep: Containers are nested more than 64 deep.'],
  ],
  [
    'an infinite number',
    'a: .inf',
    [
      'error 1:4 yaml_number: The number cannot be kept exactly. Put it in quotes, or use a smaller number.',
    ],
  ],
  [
    'a number past exactness',
    'a: 9007199254740993',
    [
      'error 1:4 yaml_number: The number cannot be kept exactly. Put it in quotes, or use a smaller number.',
    ],
  ],
  [
    'no apiVersion and no kind',
    'metadata: { name: x }\nspec: {}\n',
    [
      'error 1:1 missing_api_version: The document lacks an apiVersion. Write apiVersion: writ.dev/v1alpha1 and a kind; or version: "1.0" for a portable policy.',
    ],
  ],
  [
    'no apiVersion',
    'kind: User\nmetadata: { name: x }\nspec: {}\n',
    [
      'error 1:1 missing_api_version: The document lacks an apiVersion. Write apiVersion: writ.dev/v1alpha1.',
    ],
  ],
  [
    'no kind',
    `${head}metadata: { name: x }\nspec: {}\n`,
    [
      'error 1:1 missing_kind: The document lacks a kind. Write kind: and one of AccessPolicy, ApprovalWorkflow, Budget, ToolServer, ModelProvider, Agent, User, Team, NotificationChannel, PolicySource, PolicyTest.',
    ],
  ],
  [
    'a source that is looked at all the time, and asks for more of the past than is kept',
    of('PolicySource', '{ url: "https://x.example/p", interval: 1s, review: { replay: 1000d } }'),
    [
      'error 4:47 interval_range: interval is between 10s and 24h.',
      'error 4:69 interval_range: replay is between 0s and 90d.',
    ],
  ],
  [
    'a source that is looked at at no time that can be read',
    of('PolicySource', '{ url: "https://x.example/p", interval: soon }'),
    ['error 4:47 schema: spec.interval must be a length of time such as 30s, 10m, 24h or 30d.'],
  ],
  [
    'the apiVersion of something else',
    'apiVersion: apps/v1\nkind: Deployment\n',
    [
      'error 1:13 unknown_api_version: The apiVersion must be writ.dev/v1alpha1. Write apiVersion: writ.dev/v1alpha1.',
    ],
  ],
  [
    'an unknown kind',
    of('AcessPolicy', '{}'),
    ['error 2:7 unknown_kind: There is no kind "AcessPolicy". Did you mean "AccessPolicy"?'],
  ],
  ['a kind that is a list', of('[]', '{}'), ['error 2:7 unknown_kind: The kind must be a word.']],
  [
    'a kind that every object has',
    of('constructor', '{}'),
    ['error 2:7 unknown_kind: There is no kind "constructor".'],
  ],
  [
    'no metadata',
    `${head}kind: User\nspec: {}\n`,
    [
      'error 1:1 missing_key: The document lacks "metadata". Name, namespace and labels, as on any Kubernetes object.',
    ],
  ],
  [
    'no name',
    `${head}kind: User\nmetadata: {}\nspec: {}\n`,
    [
      'error 3:11 missing_key: metadata lacks "name". Name of the resource, unique for its kind in its namespace.',
    ],
  ],
  [
    'no spec',
    `${head}kind: User\nmetadata: { name: x }\n`,
    [
      'error 1:1 missing_key: The document lacks "spec". A person and that person\'s names elsewhere.',
    ],
  ],
  [
    'an empty spec',
    `${head}kind: User\nmetadata: { name: x }\nspec:\n`,
    ['error 4:6 wrong_type: spec must be a mapping, not empty.'],
  ],
  [
    'metadata that is a word',
    `${head}kind: User\nmetadata: x\nspec: {}\n`,
    ['error 3:11 wrong_type: metadata must be a mapping, not text.'],
  ],
  [
    'a name with capitals',
    `${head}kind: User\nmetadata: { name: Ana B }\nspec: {}\n`,
    [
      'error 3:19 schema: metadata.name must be a name of lower-case letters, digits, "-" and ".", such as `web-agents`.',
    ],
  ],
  [
    'a namespace that is a path',
    `${head}kind: User\nmetadata: { name: x, namespace: ../y }\nspec: {}\n`,
    [
      'error 3:33 schema: metadata.namespace must be a name of lower-case letters, digits, "-" and ".", such as `web-agents`.',
    ],
  ],
  [
    'an unknown key at the top',
    `${of('User', '{}')}specs: {}\n`,
    ['error 5:1 unknown_key: Unknown key "specs". Did you mean "spec"?'],
  ],
  [
    'the key __proto__',
    `${of('User', '{}')}__proto__: {}\n`,
    ['error 5:1 unknown_key: Unknown key "__proto__".'],
  ],
  [
    'an unknown key in an entry',
    policy('{ tools: [{ name: t, ruls: [] }] }'),
    ['error 4:28 unknown_key: Unknown key "ruls" in spec.tools[0]. Did you mean "rules"?'],
  ],
  [
    'an unknown key far from any',
    policy('{ frobnicate: 1 }'),
    ['error 4:9 unknown_key: Unknown key "frobnicate" in spec.'],
  ],
  [
    'a mapping for a list',
    policy('{ tools: { name: t } }'),
    ['error 4:16 wrong_type: spec.tools must be a list, not a mapping.'],
  ],
  [
    'a list for a mapping',
    policy('{ subjects: [a] }'),
    ['error 4:19 wrong_type: spec.subjects must be a mapping, not a list.'],
  ],
  [
    'a word for true',
    policy('{ tools: [{ name: t, enabled: "no" }] }'),
    ['error 4:37 wrong_type: spec.tools[0].enabled must be true or false, not text.'],
  ],
  [
    'a number for text',
    policy('{ description: 7 }'),
    ['error 4:22 wrong_type: spec.description must be text, not a number.'],
  ],
  [
    'a key and nothing else',
    policy('{ description }'),
    ['error 4:9 wrong_type: spec.description must be text, not empty.'],
  ],
  [
    'nothing for text',
    policy('{ description: }'),
    ['error 4:22 wrong_type: spec.description must be text, not empty.'],
  ],
  [
    'a mistyped action',
    policy('{ tools: [{ name: t, rules: [{ action: denny }] }] }'),
    [
      'error 4:46 unknown_word: spec.tools[0].rules[0].action must be one of allow, require_approval, deny, not "denny". Did you mean "deny"?',
    ],
  ],
  [
    'an action that is no word',
    policy('{ tools: [{ name: t, rules: [{ action: true }] }] }'),
    [
      'error 4:46 unknown_word: spec.tools[0].rules[0].action must be one of allow, require_approval, deny.',
    ],
  ],
  [
    'a rule without an action',
    policy('{ tools: [{ name: t, rules: [{ when: "true" }] }] }'),
    [
      'error 4:36 missing_key: spec.tools[0].rules[0] lacks "action". What happens to a call that matches: allow, deny or require_approval.',
      'warning 4:44 constant_condition: The condition always holds. Leave `when` out.',
    ],
  ],
  [
    'an entry without a name',
    policy('{ tools: [{ rules: [] }] }'),
    [
      'error 4:17 missing_key: spec.tools[0] lacks "name". Tool name as clients see it, or a glob such as `deploy_*`.',
    ],
  ],
  [
    'a name that is empty',
    policy('{ tools: [{ name: "" }] }'),
    ['error 4:25 schema: spec.tools[0].name must not be empty.'],
  ],
  [
    'a name that is too long',
    policy(`{ tools: [{ name: ${'x'.repeat(300)} }] }`),
    ['error 4:25 schema: spec.tools[0].name must not be longer than 256 characters.'],
  ],
  [
    'no subject',
    policy('{ subjects: { agents: [] } }'),
    ['error 4:29 schema: spec.subjects.agents must not be empty.'],
  ],
  [
    'many things at once',
    policy(
      '{ mode: enforced, tools: [{ name: t, justification: yes, rules: [{ acton: deny, when: args.x > 1 }] }], defaults: { unmatched: maybe } }',
    ),
    [
      'error 4:15 unknown_word: spec.mode must be one of enforce, observe, not "enforced". Did you mean "enforce"?',
      'error 4:59 unknown_word: spec.tools[0].justification must be one of required, optional, off, not "yes".',
      'error 4:72 missing_key: spec.tools[0].rules[0] lacks "action". What happens to a call that matches: allow, deny or require_approval.',
      'error 4:74 unknown_key: Unknown key "acton" in spec.tools[0].rules[0]. Did you mean "action"?',
    ],
  ],
  [
    'a mistake of shape above one in a condition',
    `${head}kind: AccessPolicy\nmetadata: { name: x }\nspec:\n  mode: enforced\n  tools:\n    - name: t\n      enabled: "no"\n      rules:\n        - action: denny\n          when: arg.a == 1\n        - action: allow\n  defaults: { approvalWorkflow: nobody }\n`,
    [
      'error 5:9 unknown_word: spec.mode must be one of enforce, observe, not "enforced". Did you mean "enforce"?',
      'error 8:16 wrong_type: spec.tools[0].enabled must be true or false, not text.',
      'error 10:19 unknown_word: spec.tools[0].rules[0].action must be one of allow, require_approval, deny, not "denny". Did you mean "deny"?',
      'error 11:17 unknown_variable: There is no variable arg. Did you mean "args"?',
    ],
  ],
  [
    'an old version above a mistake in a condition',
    when('arg.a').replace('v1alpha1', 'v1'),
    [
      'error 1:13 unknown_api_version: The apiVersion must be writ.dev/v1alpha1. Write apiVersion: writ.dev/v1alpha1.',
      'error 4:45 unknown_variable: There is no variable arg. Did you mean "args"?',
    ],
  ],
  [
    'a mistake of shape in a portable file above one in a condition',
    'version: "1.0"\nmetadata: { name: p, tags: x }\ntools:\n  - name: t\n    enabled: "no"\n    conditions:\n      - { expression: arg.a.size() == 1, condition_type: CEL }\n      - { expression: a = 1, condition_type: cel, action: none }\n',
    [
      'error 2:28 wrong_type: metadata.tags must be a list, not text.',
      'error 5:14 wrong_type: tools[0].enabled must be true or false, not text.',
      'error 7:23 unknown_variable: There is no variable arg. Did you mean "args"?',
      'error 7:58 unknown_word: tools[0].conditions[0].condition_type must be one of simple, cel, not "CEL". Did you mean "cel"?',
    ],
  ],
  [
    'a name that is a mapping',
    `${head}kind: User\nmetadata: { name: { toString: x } }\nspec: {}\n`,
    ['error 3:19 wrong_type: metadata.name must be text, not a mapping.'],
  ],
  [
    'a kind that is a mapping',
    of('{ toString: x }', '{}'),
    ['error 2:7 unknown_kind: The kind must be a word.'],
  ],
  [
    'a length of time in words',
    of('ApprovalWorkflow', '{ timeout: 5 minutes }'),
    ['error 4:18 schema: spec.timeout must be a length of time such as 30s, 10m, 24h or 30d.'],
  ],
  [
    'a quorum of none',
    of('ApprovalWorkflow', '{ approvalsRequired: 0 }'),
    ['error 4:28 schema: spec.approvalsRequired must be at least 1.'],
  ],
  [
    'a quorum of too many',
    of('ApprovalWorkflow', '{ approvalsRequired: 11 }'),
    ['error 4:28 schema: spec.approvalsRequired must be at most 10.'],
  ],
  [
    'half an approval',
    of('ApprovalWorkflow', '{ approvalsRequired: 1.5 }'),
    ['error 4:28 wrong_type: spec.approvalsRequired must be a whole number, not a number.'],
  ],
  [
    'a reference twice',
    of('Team', '{ members: [ana, ana] }'),
    [
      'error 4:18 schema: spec.members names the same thing twice: items 1 and 0.',
      'error 4:19 unknown_reference: There is no User "ana" in namespace default. Write a User of that name.',
    ],
  ],
  [
    'too many reminders',
    of('ApprovalWorkflow', '{ reminders: [1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s] }'),
    ['error 4:20 schema: spec.reminders must not have more than 10 items.'],
  ],
  [
    'a key in place of its hash',
    of('Agent', '{ apiKeys: [{ name: k, sha256: writ_super_secret }] }'),
    [
      'error 4:38 schema: spec.apiKeys[0].sha256 must be a SHA-256 in hex, as `writ keys create` prints it; never the key.',
    ],
  ],
  [
    'an expiry in words',
    of('Agent', '{ apiKeys: [{ name: k, sha256: tomorrow, expires: tomorrow }] }'),
    [
      'error 4:38 schema: spec.apiKeys[0].sha256 must be a SHA-256 in hex, as `writ keys create` prints it; never the key.',
      'error 4:57 schema: spec.apiKeys[0].expires must be an instant such as 2027-06-01T00:00:00Z.',
    ],
  ],
  [
    'a mail address without an at',
    of('User', '{ email: ana }'),
    ['error 4:16 schema: spec.email must be a mail address.'],
  ],
  [
    'a URL that is a path',
    of('ToolServer', '{ url: /mcp }'),
    ['error 4:14 schema: spec.url must be a URL that begins with http:// or https://.'],
  ],
  [
    'a secret in place of its reference',
    of('ToolServer', '{ url: "https://a.example", auth: { type: bearer, secretRef: hunter2 } }'),
    ['error 4:68 wrong_type: spec.auth.secretRef must be a mapping, not text.'],
  ],
  [
    'a prefix with spaces',
    of('ToolServer', '{ url: "https://a.example", prefix: a b }'),
    ['error 4:43 schema: spec.prefix may hold letters, digits, "_", "." and "-", at most 64.'],
  ],
  [
    'labels without end',
    of('Agent', `{ labels: { ${Array.from({ length: 65 }, (_, i) => `l${i}: x`)} } }`),
    ['error 4:17 schema: spec.labels must not have more than 64 keys.'],
  ],
  [
    'money as a number',
    of('Budget', '{ limit: { usd: 25 }, window: day }'),
    ['error 4:23 wrong_type: spec.limit.usd must be text, not a number.'],
  ],
  [
    'money with a currency',
    of('Budget', '{ limit: { usd: 25 EUR }, window: day }'),
    [
      'error 4:23 schema: spec.limit.usd must be an amount in USD such as "25.00", with at most six decimals.',
    ],
  ],
  [
    'a status of the API server',
    `${head}kind: User\nmetadata: { name: x, creationTimestamp: 7 }\nspec: {}\n`,
    [
      'error 3:41 wrong_type: metadata.creationTimestamp must be empty, not a number.',
      'error 3:41 wrong_type: metadata.creationTimestamp must be text, not a number.',
    ],
  ],
  [
    'an empty condition',
    when(''),
    ['error 4:44 schema: spec.tools[0].rules[0].when must not be empty.'],
  ],
  [
    'a condition of white space',
    when(' '),
    ['error 4:45 condition_syntax: The condition ends where something must follow.'],
  ],
  [
    'a condition cut short',
    when('args.amount >'),
    ['error 4:58 condition_syntax: The condition ends where something must follow.'],
  ],
  [
    'a condition with rubbish behind it',
    when('args.amount @ > 1000'),
    ['error 4:57 condition_syntax: "@" cannot stand here (CEL syntax).'],
  ],
  [
    'an assignment',
    when('args.a = 1'),
    ['error 4:52 condition_syntax: "=" cannot stand here (CEL syntax).'],
  ],
  [
    'an unknown variable',
    when('arg.a == 1'),
    ['error 4:45 unknown_variable: There is no variable arg. Did you mean "args"?'],
  ],
  [
    'a field that no call has',
    when('subject.agnet == "x"'),
    ['error 4:53 unknown_field: subject has no field agnet. Did you mean "agent"?'],
  ],
  [
    'a model in a tool call',
    when('model.name == "x"'),
    ['error 4:45 unknown_variable: There is no model here; it belongs to model calls.'],
  ],
  [
    'a condition that is a number',
    when('1 + 1'),
    ['error 4:45 not_a_bool: This must be true or false; it is an int.'],
  ],
  [
    'numbers and text compared',
    when('subject.agent > 1'),
    ['error 4:45 wrong_types: > does not order a string and an int.'],
  ],
  [
    'an unknown function',
    when('sizeof(args.a) > 1'),
    ['error 4:45 unknown_function: There is no function sizeof(). Did you mean "size"?'],
  ],
  [
    'an unknown method',
    when('args.a.beginsWith("x")'),
    ['error 4:45 unknown_function: There is no method beginsWith().'],
  ],
  [
    'a pattern that is not one',
    when('args.a.matches("(")'),
    [
      'error 4:61 invalid_regex: The pattern is not valid RE2, which has no lookarounds and no backreferences.',
    ],
  ],
  [
    'a pattern made by the call',
    when('args.a.matches(args.b)'),
    [
      'error 4:60 regex_not_constant: The pattern of matches() must be a constant text, so that it is checked here.',
    ],
  ],
  [
    '10,000 parentheses',
    when(`${'('.repeat(2000)}true${')'.repeat(2000)}`),
    [
      'error 4:109 condition_too_deep: The condition is nested deeper than 64 levels. Split it into several rules.',
    ],
  ],
  [
    'a condition that is too long',
    when(`args.a == '${'x'.repeat(5000)}'`),
    ['error 4:44 schema: spec.tools[0].rules[0].when must not be longer than 4096 characters.'],
  ],
  [
    'a condition in a folded block',
    `${head}kind: AccessPolicy\nmetadata: { name: x }\nspec:\n  tools:\n    - name: t\n      rules:\n        - action: deny\n          when: >-\n            args.a == 1\n            && arg.b == 2\n`,
    ['error 11:16 unknown_variable: There is no variable arg. Did you mean "args"?'],
  ],
  [
    'a condition in double quotes with escapes',
    policy(
      String.raw`{ tools: [{ name: t, rules: [{ when: "args.a == \"x\" && arg.b", action: deny }] }] }`,
    ),
    ['error 4:64 unknown_variable: There is no variable arg. Did you mean "args"?'],
  ],
  [
    'a condition in another language',
    when('return args.a'),
    ['error 4:45 condition_syntax: Reserved identifier: return (CEL syntax).'],
  ],
  [
    'an integer past 64 bits',
    when('args.a == 9223372036854775808'),
    ['error 4:55 number_too_large: The number does not fit into 64 bits.'],
  ],
]

function line({ severity, line, column, code, message, suggestion }: Problem): string {
  const said = `${severity} ${line}:${column} ${code}: ${message}`
  return suggestion === undefined ? said : `${said} ${suggestion}`
}

for (const [claim, text, problems] of broken) {
  t.test(`${claim} is a problem with a place and a remedy`, async t => {
    const whole = { path: 'whole.yaml', text: of('Team', '{ members: [] }').replace('x', 'whole') }
    const compiled = compile([{ path: 'x.yaml', text }, whole])
    t.strictSame(compiled.problems.slice(0, 4).map(line), problems)
    const failed = problems.some(problem => problem.startsWith('error'))
    t.equal(compiled.tables === null, failed, 'nothing is half applied')
  })
}

t.test('a file that is broken does not hide the problems of the next', async t => {
  const { problems } = compile([
    { path: 'b.yaml', text: when('arg.a') },
    { path: 'a.yaml', text: 'a: [' },
    { path: 'c.yaml', text: of('Usr', '{}') },
  ])
  t.strictSame(
    problems.map(({ file, code }) => `${file} ${code}`),
    ['a.yaml yaml', 'b.yaml unknown_variable', 'c.yaml unknown_kind'],
  )
})

t.test('more files than are read in all are a problem', async t => {
  const text = `# ${'x'.repeat(4 * 1024 * 1024 - 2)}`
  const files = Array.from({ length: 9 }, (_, i) => ({ path: `${i}.yaml`, text }))
  t.match(compile(files).problems.at(-1), { code: 'too_much', file: '8.yaml', line: 1, column: 1 })
})

t.test('of more problems than anybody reads the errors are shown', async t => {
  const entries = Array.from({ length: 1500 }, () => '{ name: same }').join(', ')
  const dead = compile([{ path: 'x.yaml', text: policy(`{ tools: [${entries}] }`) }])
  t.equal(dead.problems.length, 1000)
  t.match(dead.problems.at(-1), { severity: 'warning', code: 'too_many_problems' })
  const wrong = compile([
    { path: 'x.yaml', text: policy(`{ tools: [${entries}] }`) },
    { path: 'y.yaml', text: of('Usr', '{}') },
  ])
  t.strictSame(
    wrong.problems.map(({ code }) => code),
    ['unknown_kind'],
  )
})
