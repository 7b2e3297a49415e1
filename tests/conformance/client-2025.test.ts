import t from 'tap'
import { reportClient } from './client-scenarios.ts'

t.test(
  'every scored scenario of 2025-11-25 for clients passes with Writ as the client',
  async t => {
    await reportClient(t, '2025-11-25', ['json-schema-2020-12-preservation'])
  },
)
