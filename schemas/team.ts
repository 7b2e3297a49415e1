import type Type from 'typebox'
import { closed, type Frozen, references } from './field.ts'
import type { Kind } from './resource.ts'

export const TeamSpec = closed(
  { members: references('Users who belong to the team.') },
  'A group of people.',
)
export type TeamSpec = Frozen<Type.Static<typeof TeamSpec>>

export const Team = {
  kind: 'Team',
  plural: 'teams',
  shortNames: [],
  description: 'A group of people.',
  spec: TeamSpec,
  served: true,
  columns: [{ name: 'Members', type: 'string', jsonPath: '.spec.members' }],
} satisfies Kind
