import type { Forge, ForgeComment, Thread } from '../forge/forge.ts'
import type { Command } from './command.ts'
import type { CommandOutcome } from './command-outcome.ts'
import type { KnownPeople } from './known-people.ts'

/** A command of a known person, as it stands in the thread now. */
export interface AskedCommand<Kind extends Command['kind'] = Command['kind']> {
  readonly command: Extract<Command, { readonly kind: Kind }>
  /** Address of the API of the forge. */
  readonly origin: string
  /** owner/name under which it was looked up. */
  readonly repository: string
  readonly forge: Forge
  readonly comment: ForgeComment
  readonly thread: Thread
  /** Who wrote it: the User in each namespace that knows the account. */
  readonly people: KnownPeople
  /** Head of the pull request; null in an issue. */
  readonly headSha: string | null
  /** `sha256:…` of the body. */
  readonly bodyHash: string
  /** Of the webhook that told; null when a look found it. */
  readonly deliveryId: string | null
}

/** What became of a command. */
export interface Handled {
  readonly outcome: CommandOutcome
  /** Markdown that is written into the thread; null for what the outcome says by itself, nothing for '' . */
  readonly reply: string | null
}

/**
 * Does what a command asks for. It may be called again for the same comment after a process ended or the
 * store was away: then the outcome is the same, and nothing is done twice.
 */
export type CommandHandler<Kind extends Command['kind']> = (
  asked: AskedCommand<Kind>,
  signal: AbortSignal,
) => Promise<Handled>

/** Who does what commands ask for: one for each kind. */
export interface Commands {
  /** Returns how to stop. A second handler of a kind is a mistake, and throws. While it is not here, another controller handles them. */
  on<Kind extends Command['kind']>(
    kind: Kind,
    handler: CommandHandler<Kind>,
    isHere?: () => boolean,
  ): () => void
}

/** Handlers by kind. */
export class CommandHandlers implements Commands {
  readonly #handlers = new Map<Command['kind'], unknown>()
  readonly #here = new Map<Command['kind'], () => boolean>()

  on<Kind extends Command['kind']>(
    kind: Kind,
    handler: CommandHandler<Kind>,
    isHere: () => boolean = () => true,
  ): () => void {
    if (this.#handlers.has(kind)) throw new Error(`commands of kind ${kind} have a handler`)
    this.#handlers.set(kind, handler)
    this.#here.set(kind, isHere)
    return () => this.#handlers.delete(kind)
  }

  /** Whether commands of a kind are left to another controller. */
  leaves(kind: Command['kind']): boolean {
    return this.#here.get(kind)?.() === false
  }

  /** Has the command handled; what nobody does is `unavailable`. */
  async handle(asked: AskedCommand, signal: AbortSignal): Promise<Handled> {
    const { kind } = asked.command
    const handler = this.#handlers.get(kind) as CommandHandler<typeof kind> | undefined
    return (await handler?.(asked, signal)) ?? { outcome: 'unavailable', reply: null }
  }
}
