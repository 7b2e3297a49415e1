import type { NewEntry } from '../../proxy/journal/line.ts'

/** An entry with nothing special about it but what is given. */
export function entry(some: Partial<NewEntry> = {}): NewEntry {
  return {
    time: '2026-11-21T09:00:00.000Z',
    phase: 'attempt',
    call: 'call-1',
    namespace: 'default',
    agent: 'claude',
    kind: 'tool',
    server: 'files',
    tool: 'read_file',
    args: { path: '/tmp/scratch/notes.txt' },
    action: 'allow',
    reason: 'rule',
    ...some,
  }
}

/** The same as a journal takes it. */
export function entryText(some: Partial<NewEntry> = {}): string {
  return JSON.stringify(entry(some))
}
