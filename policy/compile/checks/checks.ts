import { apiKeys } from './api-keys.ts'
import { budgets } from './budgets.ts'
import { channels } from './channels.ts'
import type { Check } from './check.ts'
import { conditions } from './conditions.ts'
import { duplicates } from './duplicates.ts'
import { judges } from './judges.ts'
import { models } from './models.ts'
import { policySources } from './policy-sources.ts'
import { providers } from './providers.ts'
import { reachability } from './reachability.ts'
import { references } from './references.ts'
import { scopes } from './scopes.ts'
import { servers } from './servers.ts'
import { subjects } from './subjects.ts'
import { tools } from './tools.ts'
import { workflows } from './workflows.ts'

/** Every check runs, and none stops the others. */
export const checks: readonly Check[] = [
  duplicates,
  references,
  subjects,
  conditions,
  reachability,
  tools,
  models,
  providers,
  servers,
  workflows,
  judges,
  channels,
  policySources,
  apiKeys,
  budgets,
  scopes,
]
