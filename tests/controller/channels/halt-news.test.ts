import t from 'tap'
import { tellHalt } from '../../../controller/channels/news/halt-news.ts'
import type { News } from '../../../controller/channels/news/news.ts'
import { emptyDirectory } from '../../../controller/publish/empty-table.ts'
import type { Halt } from '../../../schemas/halt.ts'

const at = '2026-11-22T06:00:00.000Z'
const halt: Halt = {
  ...{ id: 'hlt-1', state: 'standing', what: 'tools', reason: 'incident 4711' },
  ...{ by: 'ana', identity: 'key of ana', at },
}
const asked = { by: 'ana', identity: 'key of ana', reason: 'over', at }

async function told(halt: Halt): Promise<readonly (News & { readonly namespace: string })[]> {
  const heard: (News & { readonly namespace: string })[] = []
  const tell = async (news: News, { namespace }: { readonly namespace: string }) =>
    void heard.push({ ...news, namespace })
  await tellHalt({ tell }, [emptyDirectory('default'), emptyDirectory('prod')], halt)
  return heard
}

t.test('a halt is told where it holds, with who, why, and how to lift it', async t => {
  t.match(await told(halt), [
    {
      namespace: 'default',
      type: 'halt.made',
      lead: 'Agents have been halted.',
      title: 'Halted by ana: Tools in every namespace: incident 4711',
      closing: 'Every proxy refuses. To ask that it is lifted: writ halt lift hlt-1',
    },
    { namespace: 'prod' },
  ])
  const own = await told({ ...halt, namespace: 'prod', agent: 'bot' })
  t.strictSame(
    own.map(({ namespace, title }) => [namespace, title]),
    [['prod', 'Halted by ana: Tools of the agent bot in namespace prod: incident 4711']],
  )
})

t.test('so is that somebody asks to lift it, and that it was lifted without review', async t => {
  const [question] = await told({ ...halt, state: 'lift_asked', liftAsked: asked })
  t.match(question, { type: 'halt.lift_asked', closing: /Another owner confirms/ })
  const lifted = { ...asked, reviewed: false }
  const [last] = await told({ ...halt, state: 'lifted', liftAsked: asked, lifted })
  t.match(last, { type: 'halt.lifted', lead: 'A halt is lifted.' })
  t.match(last?.facts.at(-1), { name: 'Review' })
  t.not(question?.id, last?.id, 'each is news of its own')
})
