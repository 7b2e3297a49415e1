import { isOwner, type Owner } from './call-digest.ts'
import type { KeptAnswer } from './run.ts'
import { Shelf } from './shelf.ts'
import { Task, type TaskStart } from './task.ts'

const mostOfOne = 256
const most = 4096
const mostBytes = 64 * 1024 * 1024

/** The tasks of clients that call tools as tasks. Bounded: those whose time is up are forgotten, then the oldest that ended. */
export class Tasks {
  readonly #byId = new Map<string, Task>()
  readonly #now: () => number
  readonly #answers = new Shelf<Task>(mostBytes, task => {
    task.answer = null
  })

  constructor(now: () => number) {
    this.#now = now
  }

  /** Null when there is no room for another of this caller. */
  open(start: Omit<TaskStart, 'now'>): Task | null {
    this.#sweep()
    if (this.#byId.size >= most || this.of(start.owner).length >= mostOfOne) return null
    const task = new Task({ ...start, now: this.#now() })
    this.#byId.set(task.id, task)
    return task
  }

  /** Null for an id that is not known, and for every other caller's. */
  find(id: string, owner: Owner): Task | null {
    const task = this.#byId.get(id)
    if (task === undefined || !isOwner(task.owner, owner)) return null
    return this.#now() - task.createdAt < task.ttlMs ? task : null
  }

  /** The tasks of a caller, oldest first. */
  of(owner: Owner): readonly Task[] {
    return [...this.#byId.values()].filter(task => isOwner(task.owner, owner))
  }

  end(task: Task, answer: KeptAnswer | null): void {
    if (task.over) return
    task.answer = answer
    if (answer !== null) this.#answers.put(task, answer.text.length * 2)
    task.change('ended', this.#now())
  }

  #sweep(): void {
    const now = this.#now()
    for (const task of this.#byId.values()) {
      if (now - task.createdAt >= task.ttlMs) this.#forget(task)
    }
    for (const task of this.#byId.values()) {
      if (this.#byId.size < most) return
      if (task.over) this.#forget(task)
    }
  }

  #forget(task: Task): void {
    this.#byId.delete(task.id)
    this.#answers.take(task)
  }
}
