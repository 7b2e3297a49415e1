import t from 'tap'
import { reportClient } from './client-scenarios.ts'

t.test(
  'every scored scenario of 2026-07-28 for clients passes with Writ as the client',
  async t => {
    await reportClient(t, '2026-07-28', [
      'json-schema-2020-12-preservation',
      'auth/client-credentials-basic',
    ])
  },
)
