import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { OpenApi } from '../../controller/api/openapi.ts'

/** Says what is wrong with a JSON answer by the description of the API, or null when it is as described. */
export type CheckAnswer = (
  asked: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly type: string; readonly body: string },
) => string | null

/** Checks answers against the schemas that the description declares for them. */
export function answerChecker(api: OpenApi): CheckAnswer {
  const ajv = new Ajv2020({ strict: false })
  formats.default(ajv)
  ajv.addSchema({ $id: 'api', ...api })
  const routes = Object.entries(api.paths).map(([path, methods]) => ({
    path,
    methods,
    shape: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return ({ method, path }, { status, type, body }) => {
    const name = type.split(';')[0] ?? ''
    const bare = path.split('?')[0] ?? ''
    const route = routes.find(({ shape }) => shape.test(bare))
    const responses = route?.methods[method.toLowerCase()]?.responses
    if (route === undefined || responses === undefined || !/[/+]json$/.test(name)) return null
    const declared = status in responses ? `${status}` : 'default'
    const pointer = [
      ...['paths', route.path, method.toLowerCase(), 'responses', declared, 'content', name],
      'schema',
    ]
    const ref = pointer.map(part => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const validate = ajv.getSchema(`api#/${encodeURI(ref)}`)
    if (validate === undefined) return `${method} ${bare} ${status}: ${name} is not declared`
    if (validate(JSON.parse(body))) return null
    return `${method} ${bare} ${status}: ${ajv.errorsText(validate.errors)}`
  }
}
