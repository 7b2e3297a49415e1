import Type from 'typebox'
import { openApi } from './openapi.ts'
import { docsPage } from './pages/docs-page.ts'
import { sendPage } from './pages/page.ts'
import type { Route } from './route.ts'

/** The description of all these routes, and of itself, for programs and for people. */
export function openApiRoutes(others: readonly Route[], version: string): readonly Route[] {
  const routes: readonly Route[] = [
    ...others,
    {
      method: 'get',
      path: '/openapi.json',
      roles: 'everyone',
      about: {
        summary: 'This description, in OpenAPI 3.1.',
        answers: { 200: { description: 'The description.', schema: Type.Object({}) } },
      },
      handle: (_request, response) => void response.json(description),
    },
    {
      method: 'get',
      path: '/docs',
      roles: 'everyone',
      about: {
        summary: 'This description as a page.',
        answers: { 200: { description: 'A page.', type: 'text/html' } },
      },
      handle: (_request, response) => sendPage(response, 200, page),
    },
  ]
  const description = openApi(routes, version)
  const page = docsPage(description)
  return routes
}
