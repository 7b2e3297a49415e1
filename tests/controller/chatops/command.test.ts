import t from 'tap'
import {
  type Command,
  commandText,
  digestInCommand,
  parseCommand,
} from '../../../controller/chatops/command.ts'
import { resemblance } from '../../../controller/chatops/resemblance.ts'

const id = 'apr-qw8aymbd2s4swmb7'
const digest = '0123456789ab'

const commands: Readonly<Record<string, Command>> = {
  [`/approve ${digest}`]: { kind: 'change', decision: 'approve', digest },
  [`/deny ${digest}`]: { kind: 'change', decision: 'deny', digest },
  [`/approve ${id} ${digest}`]: { kind: 'call', decision: 'approve', request: id, digest },
  [`/deny ${id} ${digest}`]: { kind: 'call', decision: 'deny', request: id, digest },
  [`/explain ${id}`]: { kind: 'explain', of: { request: id } },
  '/explain proxy-a.team_1:17': { kind: 'explain', of: { proxy: 'proxy-a.team_1', seq: 17 } },
  '/replay 30d': { kind: 'replay', days: 30 },
  '/replay 90d': { kind: 'replay', days: 90 },
}

t.test('a command is a whole comment, and is written as it is read', async t => {
  for (const [text, command] of Object.entries(commands)) {
    t.strictSame(parseCommand(text), command, text)
    t.equal(commandText(command), text)
    for (const ended of [`${text}\n`, `${text}\r\n`]) t.strictSame(parseCommand(ended), command)
    for (const other of [
      ` ${text}`,
      `${text} `,
      `\n${text}`,
      `${text}\n\n`,
      `${text}\r`,
      `${text}\nthanks`,
      `> ${text}`,
      `\`${text}\``,
      `\`\`\`\n${text}\n\`\`\``,
      `${text.replace(' ', '  ')}`,
      `${text.replace(' ', '\t')}`,
      `${text.replace(' ', '\u00a0')}`,
      text.toUpperCase(),
      `${text}\u200b`,
      `\ufeff${text}`,
      `${text}\0`,
      text.slice(1),
    ]) {
      t.equal(parseCommand(other), null, JSON.stringify(other))
    }
  }
})

t.test('nothing else is a command', async t => {
  for (const text of [
    '',
    '/',
    '/approve',
    '/approve ',
    `/approve ${id}`,
    `/approve ${digest.slice(1)}`,
    `/approve ${digest}0`,
    '/approve 0123456789AB',
    `/approve ${digest} ${digest}`,
    `/approve ${id} ${id} ${digest}`,
    `/approve ${id.slice(0, -1)} ${digest}`,
    `/approve apr-qw8aymbd2s4swmbu ${digest}`,
    `/deny ${digest} reason: no`,
    `/approve-all ${digest}`,
    '/explain',
    '/explain proxy-a',
    '/explain proxy-a:0',
    '/explain proxy-a:01',
    '/explain ../etc:1',
    '/explain proxy-a:1:2',
    '/replay 0d',
    '/replay 91d',
    '/replay 30',
    '/replay 30h',
    '/merge',
  ]) {
    t.equal(parseCommand(text), null, JSON.stringify(text))
  }
})

t.test('what looks like a command is told from talk', async t => {
  const line = `/approve ${digest}`
  for (const text of [
    `  ${line}`,
    `${line} please`,
    '/approve',
    `／approve ${digest}`,
    `/аpprove ${digest}`,
    `\u2044approve ${digest}`,
    `/ap\u200bprove ${digest}`,
    `/ аррrоvе ${digest}`,
    '/Deny it',
    '/replay',
  ]) {
    t.equal(resemblance(text), 'meant', JSON.stringify(text))
  }
  for (const text of [
    `> ${line}`,
    `\`${line}\``,
    `\`\`\`\n${line}\n\`\`\``,
    `Good.\n${line}`,
    `Please write ${line}`,
    `<!-- x -->${line}`,
  ]) {
    t.equal(resemblance(text), 'holds', JSON.stringify(text))
  }
  for (const text of [
    '',
    'approve',
    'I approve of this',
    'see docs/approve.md',
    'https://example.com/approve',
    'either/deny',
    '/approval',
    '/lgtm',
    '/remove-deny',
    'a //approve',
    'src/replay',
    '1/2',
  ]) {
    t.equal(resemblance(text), 'none', JSON.stringify(text))
  }
})

t.test('the digits of a digest are its first twelve', async t => {
  t.equal(digestInCommand(`sha256:${digest}${'f'.repeat(52)}`), digest)
})
