import type { KubeObject } from '../../controller/kubernetes/kube-object.ts'
import type { ApprovalRequestSpec, ApprovalRequestStatus } from '../../schemas/approval-request.ts'
import { CliFailure } from '../failure.ts'
import { asking, type Cluster, questions } from './cluster.ts'

/** An ApprovalRequest as it came from the API server. */
export interface Question {
  readonly metadata: KubeObject['metadata']
  readonly spec: ApprovalRequestSpec
  readonly status: ApprovalRequestStatus
}

/** The object as a question: the API server has held it to its schema. */
export function questionOf(object: KubeObject): Question {
  return object as unknown as Question
}

/** The questions of a namespace, or of all: what waits first, then the newest. */
export async function listQuestions(
  { kube }: Cluster,
  namespace: string | null,
): Promise<readonly Question[]> {
  const { items } = await asking(kube.list(questions, namespace === null ? {} : { namespace }))
  const newest = (a: Question, b: Question) => (a.spec.requestedAt < b.spec.requestedAt ? 1 : -1)
  const waits = ({ status }: Question) => (status.state === 'pending' ? 0 : 1)
  return items.map(questionOf).sort((a, b) => waits(a) - waits(b) || newest(a, b))
}

/**
 * The question that the text names: its name, or how it begins, with or without `apr-`. One that waits is
 * meant before others. Fails with `usage` when there is none, or more than one.
 */
export async function findQuestion(cluster: Cluster, text: string): Promise<Question> {
  const { kube, namespace } = cluster
  const name = nameOf(text)
  if (name.length === wholeName) {
    const object = await asking(kube.get(questions, { namespace, name }))
    if (object === null) throw unknown(name, namespace)
    return questionOf(object)
  }
  const found = (await listQuestions(cluster, namespace)).filter(({ metadata }) =>
    metadata.name.startsWith(name),
  )
  const waiting = found.filter(({ status }) => status.state === 'pending')
  const [first, second] = waiting.length > 0 ? waiting : found
  if (first === undefined) throw unknown(name, namespace)
  if (second === undefined) return first
  const some = found.slice(0, 5).map(({ metadata }) => metadata.name)
  throw new CliFailure('usage', `${name} may be ${some.join(', ')}`, 'give more of the name')
}

const wholeName = 'apr-0123456789abcdef'.length

function nameOf(text: string): string {
  const word = text.toLowerCase()
  if (/^[a-z0-9-]{1,20}$/.test(word)) return word.startsWith('apr-') ? word : `apr-${word}`
  throw new CliFailure('usage', `${text} is no name of a request`, 'see `kubectl writ get`')
}

function unknown(name: string, namespace: string): CliFailure {
  const message = `there is no request ${name} in the namespace ${namespace}`
  return new CliFailure('usage', message, 'see `kubectl writ get -A`')
}
