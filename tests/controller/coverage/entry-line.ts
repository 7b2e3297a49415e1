import type { Record as Entry } from '../../../schemas/record.ts'

/** What is different about an entry. */
export type Some = { readonly [K in Exclude<keyof Entry, 'proxy' | 'seq'>]?: Entry[K] | undefined }

/** An attempt as the journal of `proxy-a` has it under a number. */
export function entryLine(seq: number, some: Some = {}): string {
  return JSON.stringify({
    ...{ proxy: 'proxy-a', seq, time: '2026-11-21T09:00:00.000Z', phase: 'attempt' },
    ...{ call: `call-${seq}`, namespace: 'default', agent: 'claude', kind: 'tool' },
    ...{ server: 'files', tool: 'read_file', action: 'allow', reason: 'rule', args: {} },
    ...some,
  })
}
