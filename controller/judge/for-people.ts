import type { Actor, Answer, Answered, Approvals } from '../approvals/approvals.ts'

/** The same approvals, but for answers: nobody who comes through here answers as a judge or as a standing grant. */
export function forPeople(approvals: Approvals): Approvals {
  const decide = async (id: string, answer: Answer, actor: Actor): Promise<Answered> => {
    if (actor.surface !== 'ai' && actor.surface !== 'grant') {
      return approvals.decide(id, answer, actor)
    }
    await approvals.attempted(id, `${answer.decision} as if by ${actor.surface}`, actor)
    const request = await approvals.get(id)
    const message = 'Only people answer here.'
    return { outcome: 'refused', code: 'not_an_approver', message, request }
  }
  return new Proxy(approvals, {
    get(target, name) {
      if (name === 'decide') return decide
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
