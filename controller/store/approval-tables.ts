import { type CreateTableBuilder, type Kysely, sql } from 'kysely'

type Column = readonly [name: string, type: 'text' | 'timestamptz' | 'bigint' | 'text[]']

/** Makes what approvals are kept in: requests, answers, history, links, notifications, grants; and the directories. */
export async function approvalTables(db: Kysely<unknown>): Promise<void> {
  await requests(db)
  await answers(db)
  await notices(db)
  await grants(db)
  await table(
    db,
    'directories',
    [text('namespace'), text('digest'), text('body'), moment('published_at')],
    [],
    ['namespace'],
  )
}

async function requests(db: Kysely<unknown>): Promise<void> {
  await table(
    db,
    'approval_requests',
    [
      ...['id', 'namespace', 'digest', 'state', 'proxy', 'agent', 'tool', 'key_sha256'].map(text),
      text('question'),
      ...['requested_at', 'expires_at', 'acted_until'].map(moment),
      ['workflows', 'text[]'],
      ['escalated', 'text[]'],
      ['revision', 'bigint'],
    ],
    [
      ...['server', 'schema_digest', 'rule_print', 'reason', 'grant_id'].map(text),
      ...['consumed_by', 'consumed_call', 'outcome'].map(text),
      ...['next_at', 'escalated_at', 'resolved_at', 'consumed_at'].map(moment),
    ],
    ['id'],
  )
  await sql`
    create unique index approval_requests_open on approval_requests (namespace, digest)
    where state in ('pending', 'approved')`.execute(db)
  await sql`
    create index approval_requests_pending on approval_requests (namespace, agent)
    where state = 'pending'`.execute(db)
  await sql`
    create index approval_requests_due on approval_requests (next_at)
    where state in ('pending', 'approved')`.execute(db)
  await sql`
    create index approval_requests_newest on approval_requests (requested_at desc, id desc)
    `.execute(db)
  await sql`
    create index approval_requests_state on approval_requests (state, requested_at desc, id desc)
    `.execute(db)
}

async function answers(db: Kysely<unknown>): Promise<void> {
  await table(
    db,
    'approval_votes',
    [
      ...['request_id', 'person', 'user_name', 'decision', 'surface', 'identity', 'evidence'].map(
        text,
      ),
      ['teams', 'text[]'],
      ['workflows', 'text[]'],
      moment('at'),
    ],
    [text('reason'), text('grant_terms')],
    ['request_id', 'person'],
  )
  await numbered(
    db,
    'approval_events',
    [text('type'), moment('at')],
    ['request_id', 'by_name', 'surface', 'identity', 'detail', 'evidence'].map(text),
  )
  await sql`create index approval_events_request on approval_events (request_id, id)`.execute(db)
  await sql`create index approval_events_at on approval_events (at)`.execute(db)
  await table(
    db,
    'approval_links',
    [...['token_sha256', 'request_id', 'user_name', 'channel'].map(text), moment('created_at')],
    [moment('used_at')],
    ['token_sha256'],
  )
  await sql`create index approval_links_request on approval_links (request_id)`.execute(db)
}

async function notices(db: Kysely<unknown>): Promise<void> {
  await numbered(
    db,
    'approval_notifications',
    [...['request_id', 'channel', 'kind', 'recipient', 'state'].map(text), ['attempts', 'bigint']],
    [moment('next_at'), text('error'), moment('sent_at'), text('external_id')],
  )
  await sql`alter table approval_notifications alter column recipient set default ''`.execute(db)
  await sql`alter table approval_notifications alter column attempts set default 0`.execute(db)
  await sql`
    create unique index approval_notifications_once
    on approval_notifications (request_id, channel, kind, recipient)`.execute(db)
  await sql`
    create index approval_notifications_due on approval_notifications (next_at)
    where state = 'waiting'`.execute(db)
}

async function grants(db: Kysely<unknown>): Promise<void> {
  await table(
    db,
    'approval_grants',
    [
      ...['id', 'request_id', 'namespace', 'agent', 'key_sha256', 'kind', 'tool', 'args'].map(text),
      ['uses', 'bigint'],
      ['used', 'bigint'],
      ['spent_micro_usd', 'bigint'],
      moment('created_at'),
      moment('expires_at'),
    ],
    [
      ...['server', 'schema_digest', 'money_argument', 'reason'].map(text),
      ['max_micro_usd', 'bigint'],
      moment('ended_at'),
    ],
    ['id'],
  )
  await sql`
    create index approval_grants_live on approval_grants (namespace, agent, tool)
    where ended_at is null`.execute(db)
  await table(
    db,
    'approval_grant_uses',
    [text('request_id'), text('grant_id'), ['micro_usd', 'bigint'], moment('at')],
    [],
    ['request_id'],
  )
  await sql`create index approval_grant_uses_grant on approval_grant_uses (grant_id)`.execute(db)
}

async function table(
  db: Kysely<unknown>,
  name: string,
  required: readonly Column[],
  optional: readonly Column[],
  key: readonly string[],
): Promise<void> {
  let create: CreateTableBuilder<string, string> = db.schema.createTable(name)
  for (const [column, type] of required) {
    create = create.addColumn(column, sql.raw(type), made => made.notNull())
  }
  for (const [column, type] of optional) create = create.addColumn(column, sql.raw(type))
  await create.addPrimaryKeyConstraint(`${name}_pkey`, [...key]).execute()
}

/** A table whose rows are numbered in the order they came. */
async function numbered(
  db: Kysely<unknown>,
  name: string,
  required: readonly Column[],
  optional: readonly Column[],
): Promise<void> {
  await table(db, name, [['id', 'bigint'], ...required], optional, ['id'])
  await sql`alter table ${sql.table(name)} alter column id add generated always as identity`.execute(
    db,
  )
}

function text(name: string): Column {
  return [name, 'text']
}

function moment(name: string): Column {
  return [name, 'timestamptz']
}
