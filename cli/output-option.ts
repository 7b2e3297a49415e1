import { Option } from 'commander'

/** What a command prints: text for people, or JSON for programs. */
export type OutputFormat = 'text' | 'json'

/** The option every command has. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'what to print')
    .choices(['text', 'json'])
    .default('text')
}
