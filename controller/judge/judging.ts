import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Database } from '../store/database.ts'
import { askJudge } from './ask-judge.ts'
import { findJudge } from './find-judge.ts'
import { type Judgement, Judgements } from './judgements.ts'
import { mostData, prompt, untrusted } from './prompt.ts'
import { noVerdict, ruling, type Verdict } from './verdict.ts'

export interface JudgingNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Pick<Approvals, 'get' | 'decide' | 'note' | 'subscribe'>
  readonly directories: {
    of(namespace: string): Directory | null
    all(): readonly Directory[]
  }
  readonly secrets: Secrets
  /** Told when a judge has answered and its answer has taken effect. */
  readonly onSettled: (request: string) => void
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
  readonly timeoutMs?: number
}

/** Requests that judges look at at the same time. */
const mostAtOnce = 8

const usualTimeoutMs = 30_000

/** How long a request is left alone after the store failed. */
const afterFailureMs = 1000

/** Asks the judges of AI workflows about every new request, and lets their answers take effect. */
export function judging(needs: JudgingNeeds): Service {
  const work = new Work(needs)
  return {
    name: 'judging',
    async run(signal) {
      const unsubscribe = needs.approvals.subscribe(({ id, namespace, event }) => {
        const directory = event.type === 'created' ? needs.directories.of(namespace) : null
        if (directory !== null && judgedWorkflows(directory).length > 0) work.look(id)
      })
      try {
        await work.run(signal)
      } finally {
        unsubscribe()
      }
    },
  }
}

interface Judged {
  readonly name: string
  readonly ai: NonNullable<ApprovalWorkflowSpec['ai']>
}

function judgedWorkflows({ workflows }: Directory): readonly Judged[] {
  return workflows.flatMap(({ name, spec: { ai } }) => (ai === undefined ? [] : [{ name, ai }]))
}

class Work {
  readonly #needs: JudgingNeeds
  readonly #judgements: Judgements
  /** Requests that wait for a judge, in the order they came. */
  readonly #waiting = new Set<string>()
  readonly #underWay = new Map<string, Promise<void>>()
  #wake = Promise.withResolvers<void>()

  constructor(needs: JudgingNeeds) {
    this.#needs = needs
    this.#judgements = new Judgements(needs.db, needs.now)
  }

  look(id: string): void {
    this.#waiting.add(id)
    this.#wake.resolve()
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    await this.#catchUp(signal)
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers()
      for (const id of this.#waiting) {
        if (this.#underWay.size >= mostAtOnce) break
        // One that is looked at already is looked at once more.
        if (this.#underWay.has(id)) continue
        this.#waiting.delete(id)
        this.#begin(id, signal)
      }
      await this.#wake.promise
    }
    await Promise.all(this.#underWay.values())
  }

  /** Requests that came while no process was there, or whose judge was being asked when it ended. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    for (const directory of this.#needs.directories.all()) {
      const names = judgedWorkflows(directory).map(({ name }) => name)
      if (names.length === 0) continue
      const open = await this.#judgements.open(directory.namespace, names).catch(error => {
        this.#later(() => void this.#catchUp(signal), error, signal)
        return []
      })
      for (const id of open) this.look(id)
    }
  }

  #begin(id: string, signal: AbortSignal): void {
    const judged = this.#judge(id, signal)
      .catch(error => this.#later(() => this.look(id), error, signal))
      .then(() => {
        this.#underWay.delete(id)
        this.#wake.resolve()
      })
    this.#underWay.set(id, judged)
  }

  #later(again: () => void, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#needs.log.warn({ err: error }, 'request not judged')
    const timer = setTimeout(again, afterFailureMs)
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  async #judge(id: string, signal: AbortSignal): Promise<void> {
    const { approvals, directories } = this.#needs
    const request = await approvals.get(id)
    const directory = request && directories.of(request.namespace)
    if (request?.state !== 'pending' || directory === null) return
    const asked = judgedWorkflows(directory).filter(({ name }) =>
      request.workflows.some(workflow => workflow.name === name),
    )
    const known = await this.#judgements.of(id)
    await Promise.all(
      asked.map(async workflow => {
        const judgement =
          known.find(({ workflow: name }) => name === workflow.name) ??
          (await this.#ask(request, directory, workflow, signal))
        if (judgement?.settled_at === null) await this.#settle(request, judgement)
      }),
    )
  }

  /** Asks the judge and keeps what it answered; null when another process was quicker. */
  async #ask(
    request: ApprovalRequest,
    directory: Directory,
    { name, ai }: Judged,
    signal: AbortSignal,
  ): Promise<Judgement | null> {
    const verdict = await this.#verdict(request, directory, ai, signal)
    const { decision, confidence, reasoning } = verdict
    const kept = {
      ...{ request_id: request.id, workflow: name, model: ai.model },
      ...{ decision, confidence, reasoning, ruling: ruling(verdict, ai) },
    }
    if (!(await this.#judgements.keep(kept))) return null
    const detail = `${decision} (${confidence}) for ${name}, so ${kept.ruling}: ${reasoning}`
    await this.#needs.approvals.note(request.id, { type: 'judged', by: ai.model, detail })
    return { ...kept, at: new Date(this.#needs.now()), settled_at: null }
  }

  async #verdict(
    request: ApprovalRequest,
    directory: Directory,
    ai: Judged['ai'],
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { secrets, timeoutMs = usualTimeoutMs } = this.#needs
    const judge = findJudge(directory, ai.model)
    if (judge === null) return noVerdict(`No provider offers the model ${ai.model}.`)
    if (untrusted(request).length > mostData) return noVerdict('The call is too long to be judged.')
    const { server, tool, args, justification } = request
    const messages = prompt(request, ai, randomBytes(16).toString('hex'))
    const data = [server, tool, args, justification]
    return askJudge({ secrets, timeoutMs }, judge, { messages, data }, signal)
  }

  /** Lets the answer take effect; doing it twice is the same as once. */
  async #settle({ id }: ApprovalRequest, judgement: Judgement): Promise<void> {
    const { approvals, onSettled } = this.#needs
    const { workflow, model, decision, confidence, reasoning, ruling } = judgement
    const now = await approvals.get(id)
    const voted = now?.votes.some(
      vote => vote.surface === 'ai' && vote.workflows.includes(workflow),
    )
    if (ruling !== 'escalate' && now?.state === 'pending' && voted !== true) {
      const sure = decision === ruling
      const reason = `${sure ? '' : 'By default, because the judge was not sure. '}${reasoning}`
      await approvals.decide(
        id,
        { decision: ruling, reason },
        {
          user: model,
          surface: 'ai',
          identity: `the judge of ${workflow}`,
          evidence: { workflow, decision, confidence: String(confidence) },
        },
      )
    }
    await this.#judgements.settle(judgement)
    onSettled(id)
  }
}
