// A pretended office: an MCP server whose tools only say what they would have done.
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const text = { type: 'string' }

const tools = [
  tool('transfer', 'Sends money.', { to: text, amount: { type: 'number' } }),
  tool('deploy', 'Puts a version of a service into an environment.', {
    service: text,
    environment: text,
    version: text,
  }),
  tool('export_customers', 'Writes customers of a country into a file.', { country: text }),
  tool('send_mail', 'Sends a mail.', { to: text, subject: text, body: text }),
]

function tool(name, description, properties) {
  const required = Object.keys(properties)
  return { name, description, inputSchema: { type: 'object', required, properties } }
}

const server = new Server({ name: 'office', version: '1.0.0' }, { capabilities: { tools: {} } })

server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }))

server.setRequestHandler(CallToolRequestSchema, ({ params: { name, arguments: args } }) => ({
  content: [{ type: 'text', text: `done: ${name} ${JSON.stringify(args)}` }],
}))

await server.connect(new StdioServerTransport())
