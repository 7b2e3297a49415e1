import type { Directory } from '../../schemas/directory.ts'
import { askedWorkflow } from '../approvals/asked-workflow.ts'
import { type KnownChannel, knownChannel } from './channel.ts'

/**
 * Names of the channels through which a workflow asks: those of the workflow whose people answer, else its
 * own. None for the owners of a namespace, and for a workflow that is not known.
 */
export function channelNames(directory: Directory, workflow: string): readonly string[] {
  const own = directory.workflows.find(({ name }) => name === workflow)
  return askedWorkflow(directory, workflow)?.spec.channels ?? own?.spec.channels ?? []
}

/** The channel by which the directory's namespace knows the one written at `home`, if a workflow asks through it. */
export function askedThrough(
  directory: Directory,
  workflows: readonly string[],
  home: KnownChannel['home'],
): KnownChannel | null {
  for (const name of workflows.flatMap(workflow => channelNames(directory, workflow))) {
    const channel = knownChannel(directory, name)
    if (channel?.home.namespace === home.namespace && channel.home.name === home.name) {
      return channel
    }
  }
  return null
}
