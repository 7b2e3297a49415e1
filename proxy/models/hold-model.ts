import { approvalAttributes } from '../approvals/approval-attributes.ts'
import { refusalByNews, refusalWithout } from '../approvals/asked-refusal.ts'
import { callDigest, ownerOf } from '../approvals/call-digest.ts'
import { withApproval } from '../approvals/collect.ts'
import type { OpenRequest } from '../approvals/open-request.ts'
import { patienceFor } from '../approvals/patience.ts'
import { pendingText } from '../approvals/pending-answer.ts'
import { questionOf, workflowsOf } from '../approvals/question.ts'
import type { Askable } from '../approvals/ready-call.ts'
import { Run } from '../approvals/run.ts'
import type { JudgedCall } from '../mcp/judge.ts'
import type { Outcome } from '../mcp/needs.ts'
import { type Refusal, refusalOfAsked } from '../mcp/refusal.ts'
import { inStep } from '../telemetry/call-trace.ts'
import type { Candidate } from './candidates.ts'
import type { Errand, Gateway } from './gateway.ts'
import { judgeModel, refusalOf } from './judge-model.ts'
import { refuseModel } from './refuse-model.ts'

/** A request that people have approved and that has not gone out yet. */
export interface Approved {
  readonly judged: JudgedCall
  /** Null when the request may go out now, once; to be asked once its attempt is on record. */
  claim(): Promise<Refusal | null>
  /** To be told how it ended, whether or not it went out. */
  ended(status: Outcome): void
}

/**
 * Asks people about a request, and waits a while before anything is sent to the client. Null when the request was answered
 * with a refusal: the client makes the same request again to have it done once people approve.
 */
export async function holdModel(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  judged: JudgedCall,
): Promise<Approved | null> {
  const { approvals, tables } = gateway
  const { caller, cancellation } = errand
  const digest = callDigest(caller, askableOf(errand, judged))
  let request: OpenRequest
  try {
    request = await ask(gateway, errand, judged, digest)
  } catch (error) {
    await refuseModel(gateway, errand, judged, refusalWithout(judged, error), 'policy_denied')
    return null
  }
  const patience = patienceFor(tables.current(caller.namespace), request.workflows)
  const waiting = () => approvals.requests.wait(request, patience, cancellation)
  await inStep(errand.trace, 'approval', waiting, () => approvalAttributes(request))
  const { state } = request.news
  if (state === 'approved' && !cancellation.aborted) {
    return released(gateway, errand, candidate, request, judged.call)
  }
  const noted = withApproval(judged, request)
  if (state === 'pending' || state === 'approved') await park(gateway, errand, noted, request)
  else {
    await refuseModel(gateway, errand, noted, refusalByNews(judged, request.news), 'policy_denied')
  }
  return null
}

/** An approval is for one body at one endpoint. */
function askableOf({ asked }: Errand, judged: JudgedCall): Askable {
  const endpoint = { 'writ.dev/endpoint': asked.endpoint.path }
  return { errand: { judged }, asked: { ...asked.content.body, ...endpoint } }
}

/** People are shown as much of the request as the records hold; what they approve is all of it. */
async function ask(
  { approvals }: Gateway,
  errand: Errand,
  judged: JudgedCall,
  digest: string,
): Promise<OpenRequest> {
  const { caller } = errand
  const question = questionOf(caller, askableOf(errand, judged), digest)
  const news = await approvals.questions.ask({ ...question, args: JSON.parse(judged.shownArgs) })
  return approvals.requests.open(news, ownerOf(caller), workflowsOf(judged.decision))
}

function park(
  gateway: Gateway,
  errand: Errand,
  judged: JudgedCall,
  request: OpenRequest,
): Promise<void> {
  const text = pendingText(judged, request, gateway.now())
  const refusal = { decision: 'require_approval', reason: 'approval_pending', text } as const
  return refuseModel(gateway, errand, judged, refusal, 'approval_pending', { status: 'pending' })
}

/** Judges once more by what is in force now. */
async function released(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  request: OpenRequest,
  call: string,
): Promise<Approved | null> {
  const judged = withApproval(judgeModel(gateway, errand, candidate), request, call)
  if (judged.decision.action === 'deny') {
    const refusal = refusalOf(gateway, errand, candidate, judged)
    await refuseModel(gateway, errand, judged, refusal, 'policy_denied')
    return null
  }
  return new ModelClaim(gateway, errand, request, judged)
}

class ModelClaim implements Approved {
  readonly judged: JudgedCall
  readonly #gateway: Gateway
  readonly #errand: Errand
  readonly #request: OpenRequest
  #run: Run | null = null

  constructor(gateway: Gateway, errand: Errand, request: OpenRequest, judged: JudgedCall) {
    this.#gateway = gateway
    this.#errand = errand
    this.#request = request
    this.judged = judged
  }

  /** Claims come one after another, so that one that is not granted knows why. */
  claim(): Promise<Refusal | null> {
    const claimed = this.#request.claiming.then(() => this.#claim())
    this.#request.claiming = claimed.catch(() => undefined)
    return claimed
  }

  ended(status: Outcome): void {
    if (this.#run === null) return
    const { questions, requests } = this.#gateway.approvals
    requests.finish(this.#run, null)
    questions.ended(this.#request.id, this.judged.call, status)
  }

  async #claim(): Promise<Refusal | null> {
    const { judged } = this
    if (this.#request.run !== null) {
      return refusalByNews(judged, { ...this.#request.news, state: 'consumed' })
    }
    if (this.#errand.cancellation.aborted) return this.#unavailable('the client has gone away')
    try {
      return await this.#ask()
    } catch (error) {
      return refusalWithout(judged, error)
    }
  }

  async #ask(): Promise<Refusal | null> {
    const { judged } = this
    const digest = callDigest(this.#errand.caller, askableOf(this.#errand, judged))
    const answer = await this.#gateway.approvals.questions.claim(this.#request.id, {
      call: judged.call,
      digest,
      workflows: [...workflowsOf(judged.decision)],
      table: judged.decision.table,
    })
    this.#request.hear(answer?.news ?? null)
    const { news } = this.#request
    if (answer?.granted !== true) {
      return news.state === 'approved'
        ? this.#unavailable('the policies are being replaced at this moment')
        : refusalByNews(judged, news)
    }
    const { response } = this.#errand
    this.#run = new Run({
      get reachable() {
        return !response.destroyed
      },
      get delivered() {
        return response.writableFinished
      },
    })
    this.#request.run = this.#run
    return null
  }

  #unavailable(detail: string): Refusal {
    const { decision, subject } = this.judged
    return refusalOfAsked('approval_unavailable', decision, subject, detail)
  }
}
