import { Option } from 'commander'

/** The option that says which namespace documents are in that name none. */
export function namespaceOption(): Option {
  return new Option(
    '-n, --namespace <name>',
    'namespace of documents and calls that name none',
  ).default('default')
}
