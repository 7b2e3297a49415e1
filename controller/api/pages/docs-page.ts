import type { OpenApi, Operation, Parameter, Schema } from '../openapi.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'

/** The description of the API as a page: every route, what goes in and what comes out. */
export function docsPage({ info, paths, components }: OpenApi): Page {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  return {
    title: `${info.title} ${info.version}`,
    body: html`<h1>${info.title} ${info.version}</h1>
<p>${info.description}</p>
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${[...groups].map(
  ([name, group]) => html`<h2 id="${name}">${name}</h2>
${group.map(operationHtml)}`,
)}
<h2>Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>
<p>${schema.description ?? ''}</p>
${fields(schema)}`,
)}`,
  }
}

interface Listed {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function operationHtml({ path, method, operation }: Listed): Html {
  const { summary, parameters = [], requestBody, responses } = operation
  const body = Object.entries(requestBody?.content ?? {})
  return html`<h3 id="${operation.operationId}"><span class="verb">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${summary} <span class="faint">${whoMay(operation)}</span></p>
${parameters.length === 0 ? null : rows(parameters.map(parameterRow))}
${body.map(([type, { schema }]) => html`<p>Body, ${type}: ${schemaHtml(schema)}</p>`)}
${Object.entries(responses)
  .filter(([status]) => status !== 'default')
  .map(([status, { description, content = {} }]) => {
    const [[type, { schema }] = ['', {}]] = Object.entries(content)
    const what = type === '' ? '' : `${type}: `
    return html`<p>${status}: ${description} ${what}${schemaHtml(schema)}</p>`
  })}`
}

function whoMay({ 'x-roles': roles }: Operation): string {
  return roles === 'everyone' ? 'Open to everyone.' : `For: ${roles.join(', ')}.`
}

type Row = readonly [name: string, type: Html, text: string]

function rows(all: readonly Row[]): Html {
  return html`<table>${all.map(
    ([name, type, text]) =>
      html`<tr><td><code>${name}</code></td><td>${type}</td><td>${text}</td></tr>
`,
  )}</table>`
}

function parameterRow({ name, in: place, required, schema, description }: Parameter): Row {
  return [name, html`${place}, ${typeOf(schema)}${required ? ', required' : ''}`, description]
}

/** A schema: a link to the one that has a name, its fields, or what type it is. */
function schemaHtml(schema: Schema | undefined): Html {
  if (schema === undefined) return html``
  return schema.$ref === undefined && schema.properties !== undefined
    ? fields(schema)
    : typeOf(schema)
}

function fields({ properties = {}, required = [] }: Schema): Html {
  return rows(
    Object.entries(properties).map(([name, part]) => [
      name,
      html`${typeOf(part)}${required.includes(name) ? '' : ', optional'}`,
      part.description ?? '',
    ]),
  )
}

function typeOf(schema: Schema): Html {
  const { $ref, type, enum: words, items, anyOf } = schema
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? ''
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (Array.isArray(words)) return html`${words.join(' | ')}`
  if (Array.isArray(anyOf))
    return html`${anyOf.map(part => String(part.type ?? 'any')).join(' | ')}`
  if (type === 'array') return html`list of ${typeOf(Object(items))}`
  return html`${type ?? 'any'}`
}
