import { bool, double, dyn, int, list, map, type Type, text } from './type.ts'

/** What a function takes and gives; the receiver of a method is the first operand. */
export interface Signature {
  readonly operands: readonly Type[]
  readonly result: Type
}

const types: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['any', dyn],
  ['bool', bool],
  ['int', int],
  ['uint', { kind: 'uint' }],
  ['double', double],
  ['string', text],
  ['bytes', { kind: 'bytes' }],
  ['timestamp', { kind: 'timestamp' }],
  ['duration', { kind: 'duration' }],
  ['type', { kind: 'type' }],
  ['list', list(dyn)],
  ['strings', list(text)],
  ['map', map(dyn, dyn)],
])

// One function per line: its name, what it takes, and what that gives; overloads behind `or`.
const table = `
_+_  int int int or uint uint uint or double double double or string string string or bytes bytes bytes or list list list or timestamp duration timestamp or duration timestamp timestamp or duration duration duration
_-_  int int int or uint uint uint or double double double or timestamp timestamp duration or timestamp duration timestamp or duration duration duration
_*_  int int int or uint uint uint or double double double
_/_  int int int or uint uint uint or double double double
_%_  int int int or uint uint uint
-_   int int or double double
size string int or bytes int or list int or map int
.size string int or bytes int or list int or map int
int  int int or uint int or double int or string int or timestamp int
uint int uint or uint uint or double uint or string uint
double int double or uint double or double double or string double
bool bool bool or string bool
string string string or bool string or int string or uint string or double string or bytes string or timestamp string or duration string
bytes bytes bytes or string bytes
timestamp timestamp timestamp or string timestamp or int timestamp
duration duration duration or string duration
type any type
dyn any any
matches string string bool
.matches string string bool
.contains string string bool
.startsWith string string bool
.endsWith string string bool
.charAt string int string
.indexOf string string int or string string int int
.lastIndexOf string string int or string string int int
.lowerAscii string string
.upperAscii string string
.trim string string
.reverse string string
.replace string string string string or string string string int string
.split string string strings or string string int strings
.substring string int string or string int int string
.join strings string or strings string string
.format string list string
strings.quote string string
.getFullYear timestamp int or timestamp string int
.getMonth timestamp int or timestamp string int
.getDate timestamp int or timestamp string int
.getDayOfMonth timestamp int or timestamp string int
.getDayOfWeek timestamp int or timestamp string int
.getDayOfYear timestamp int or timestamp string int
.getHours timestamp int or timestamp string int or duration int
.getMinutes timestamp int or timestamp string int or duration int
.getSeconds timestamp int or timestamp string int or duration int
.getMilliseconds timestamp int or timestamp string int or duration int
`

/** Every function that the checker knows, by its name; methods begin with a dot. */
export const signatures: ReadonlyMap<string, readonly Signature[]> = new Map(
  table
    .trim()
    .split('\n')
    .map(line => {
      const name = line.split(/\s+/, 1)[0] as string
      return [name, line.slice(name.length).split(' or ').map(readSignature)] as const
    }),
)

function readSignature(words: string): Signature {
  const all = words
    .trim()
    .split(/\s+/)
    .map(word => types.get(word) as Type)
  return { operands: all.slice(0, -1), result: all.at(-1) as Type }
}
