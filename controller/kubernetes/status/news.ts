import type { WritObject } from '../objects.ts'
import { type Condition, conditionsOf, type ObjectStatus } from './conditions.ts'
import type { ObjectEvent } from './events.ts'

/** What people are told when the status of an object becomes another: that it was refused, accepted again, put in force. */
export function newsOf(object: WritObject, after: ObjectStatus): readonly ObjectEvent[] {
  const [wasAccepted, wasProgrammed] = named(conditionsOf(object))
  const [accepted, programmed] = named(after.conditions)
  const events: ObjectEvent[] = []
  if (accepted?.status === 'False' && accepted.message !== wasAccepted?.message) {
    events.push({
      type: 'Warning',
      reason: 'NotAccepted',
      action: 'Compile',
      note: accepted.message,
    })
  }
  if (accepted?.status === 'True' && wasAccepted?.status === 'False') {
    events.push({
      type: 'Normal',
      reason: 'AcceptedAgain',
      action: 'Compile',
      note: accepted.message,
    })
  }
  if (programmed?.status === 'True' && !isOfThis(wasProgrammed, after)) {
    events.push({
      type: 'Normal',
      reason: 'Programmed',
      action: 'Publish',
      note: programmed.message,
    })
  }
  return events
}

function isOfThis(before: Condition | undefined, { observedGeneration }: ObjectStatus): boolean {
  return before?.status === 'True' && before.observedGeneration === observedGeneration
}

function named(conditions: readonly Condition[]) {
  return ['Accepted', 'Programmed'].map(name => conditions.find(({ type }) => type === name))
}
