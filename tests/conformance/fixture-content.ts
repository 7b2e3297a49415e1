/** What the fixture servers of both eras offer: the names and texts that the conformance suite asks for. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
const wav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=='

export const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })

const object = (properties = {}, required: string[] = []) => ({
  type: 'object' as const,
  properties,
  ...(required.length === 0 ? {} : { required }),
})

const string = { type: 'string' }

export const tool = (name: string, inputSchema = object()) => ({
  name,
  description: `The tool ${name} of the fixture.`,
  inputSchema,
})

/** Tools that need nothing of the client. */
export const plainTools: Record<string, () => object> = {
  test_simple_text: () => text('This is a simple text response for testing.'),
  test_image_content: () => ({ content: [{ type: 'image', data: png, mimeType: 'image/png' }] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [embedded('test://embedded-resource', 'This is an embedded resource content.')],
  }),
  test_multiple_content_types: () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: png, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }),
  test_error_handling: () => ({
    ...text('This tool intentionally returns an error for testing'),
    isError: true,
  }),
}

function embedded(uri: string, words: string) {
  return { type: 'resource', resource: { uri, mimeType: 'text/plain', text: words } }
}

export const jsonSchemaTool = {
  name: 'json_schema_2020_12_tool',
  description: 'A tool with a schema of 2020-12.',
  inputSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object' as const,
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: string, city: string },
      },
    },
    properties: {
      name: string,
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: string,
      email: string,
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  },
}

export const samplingTool = tool('test_sampling', object({ prompt: string }, ['prompt']))
export const elicitationTool = tool('test_elicitation', object({ message: string }, ['message']))

/** What the elicitation tools ask, by name. */
export const questions: Record<string, object> = {
  test_elicitation: object({ username: string, email: string }, ['username', 'email']),
  test_elicitation_sep1034_defaults: object({
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }),
  test_elicitation_sep1330_enums: object({
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled('First Option', 'Second Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2'] } },
    titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice') } },
  }),
}

function titled(...titles: string[]) {
  return titles.map((title, i) => ({ const: `value${i + 1}`, title }))
}

export const resources = [
  { uri: 'test://static-text', name: 'Static text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'Static binary', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'Watched', mimeType: 'text/plain' },
]

export const resourceTemplates = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'Template',
    mimeType: 'application/json',
  },
]

/** The contents of a resource, or null when there is none. */
export function contentsOf(uri: string): object[] | null {
  if (uri === 'test://static-binary') return [{ uri, mimeType: 'image/png', blob: png }]
  if (resources.some(resource => resource.uri === uri)) {
    const words = 'This is the content of the static text resource.'
    return [{ uri, mimeType: 'text/plain', text: words }]
  }
  const [, id] = /^test:\/\/template\/([^/]+)\/data$/.exec(uri) ?? []
  if (id === undefined) return null
  const data = { id, templateTest: true, data: `Data for ID: ${id}` }
  return [{ uri, mimeType: 'application/json', text: JSON.stringify(data) }]
}

export const prompts = [
  { name: 'test_simple_prompt', description: 'A prompt without arguments.' },
  {
    name: 'test_prompt_with_arguments',
    description: 'A prompt with arguments.',
    arguments: [
      { name: 'arg1', description: 'First.', required: true },
      { name: 'arg2', description: 'Second.', required: true },
    ],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A prompt with a resource.',
    arguments: [{ name: 'resourceUri', description: 'Which one.', required: true }],
  },
  { name: 'test_prompt_with_image', description: 'A prompt with an image.' },
]

/** The messages of a prompt, or null when there is none. */
export function messagesOf(name: string, args: Record<string, string>): object[] | null {
  const says = (words: string) => ({ role: 'user', content: { type: 'text', text: words } })
  switch (name) {
    case 'test_simple_prompt':
      return [says('This is a simple prompt for testing.')]
    case 'test_prompt_with_arguments':
      return [says(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`)]
    case 'test_prompt_with_embedded_resource': {
      const content = embedded(args.resourceUri ?? '', 'Embedded resource content for testing.')
      return [{ role: 'user', content }, says('Please process the embedded resource above.')]
    }
    case 'test_prompt_with_image':
      return [
        { role: 'user', content: { type: 'image', data: png, mimeType: 'image/png' } },
        says('Please analyze the image above.'),
      ]
    default:
      return null
  }
}
