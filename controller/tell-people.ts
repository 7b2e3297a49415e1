import type { Kysely } from 'kysely'
import type { Service } from '../lifecycle/run.ts'
import type { Directory } from '../schemas/directory.ts'
import { attemptLimit } from './api/attempt-limit.ts'
import { recordedAttempts } from './api/attempts.ts'
import type { Route } from './api/route.ts'
import type { Approvals } from './approvals/approvals.ts'
import { mintLink } from './approvals/links.ts'
import type { BudgetBook } from './budgets/budget-book.ts'
import { keepQuestions } from './channels/github/keep-questions.ts'
import { linksTo } from './channels/links.ts'
import { tellHalt } from './channels/news/halt-news.ts'
import { softLimitNews } from './channels/news/soft-limit-news.ts'
import { openChannels } from './channels/open-channels.ts'
import { openVapidKeys } from './channels/push/vapid-keys.ts'
import type { Secrets } from './channels/secrets.ts'
import type { Commands } from './chatops/commands.ts'
import { forges } from './chatops/forges.ts'
import { openChatops } from './chatops/open-chatops.ts'
import { type OpenGithub, openGithub } from './github/open-github.ts'
import type { StoredHalts } from './halts/stored-halts.ts'
import { forPeople } from './judge/for-people.ts'
import { judging } from './judge/judging.ts'
import type { Database } from './store/database.ts'

export interface TellPeopleNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Approvals
  readonly budgets: Pick<BudgetBook, 'onSoftLimit'>
  readonly halts: Pick<StoredHalts, 'onChange'>
  /** Name of the workflow of a budget in force; empty when it has none. */
  readonly workflowOf: (namespace: string, budget: string) => Promise<string>
  readonly directories: {
    of(namespace: string): Directory | null
    all(): readonly Directory[]
    subscribe(listener: () => void): () => void
  }
  /** Folder of the keys for push messages. */
  readonly dataFolder: string
  readonly secrets?: Secrets | undefined
  /** Address at which others reach this controller, and the one that it listens on once it does. */
  readonly publicUrl?: URL | undefined
  readonly listening: Promise<URL>
  readonly slackOrigin?: string | undefined
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

/** Judges that are asked, and people who are told and answer where they are told. */
export interface Telling {
  /** Repositories that something in force names, and what happens in them. */
  readonly github: OpenGithub
  /** Who does what commands in comments ask for. */
  readonly commands: Commands
  readonly routes: readonly Route[]
  readonly services: readonly Service[]
  close(): Promise<void>
}

/** Joins judges, channels and their delivery. */
export async function tellPeople(needs: TellPeopleNeeds): Promise<Telling> {
  const { db, approvals, budgets, publicUrl, listening, now, log } = needs
  const { secrets = async () => null } = needs
  const people = forPeople(approvals)
  const github = openGithub({ ...needs, secrets })
  const forge = forges(({ namespace, forge }) => github.open(namespace, forge))
  const chatops = openChatops({ ...needs, approvals: people, forge, events: github.events })
  const channels = openChannels({
    ...needs,
    ...{ secrets, forge, approvals: people },
    links: linksTo({
      address: publicUrl === undefined ? listening : Promise.resolve(publicUrl),
      isPublic: publicUrl !== undefined,
      mint: link => mintLink({ db, now }, link),
    }),
    attempts: recordedAttempts({
      limit: attemptLimit(now),
      attempted: (request, detail, actor) => approvals.attempted(request, detail, actor),
      log,
    }),
    keys: await openVapidKeys(needs.dataFolder),
  })
  const stopTelling = budgets.onSoftLimit(async passed => {
    const directory = needs.directories.of(passed.namespace)
    if (directory === null) return
    const workflow = await needs.workflowOf(passed.namespace, passed.budget)
    await channels.tell(softLimitNews(passed, now()), directory, workflow)
  })
  const stopHalts = needs.halts.onChange(halt =>
    tellHalt(channels, needs.directories.all(), halt).catch(err =>
      log.error({ err, halt: halt.id }, 'halt not told'),
    ),
  )
  const judges = judging({ ...needs, secrets, onSettled: id => channels.delivery.look(id) })
  return {
    ...{ github, commands: chatops.commands },
    routes: [...channels.routes, ...github.routes],
    services: [
      ...[channels.delivery, channels.news, judges, chatops.desk, ...github.services],
      keepQuestions({ ...needs, forge }),
    ],
    async close() {
      stopTelling()
      stopHalts()
      await channels.close()
    },
  }
}
