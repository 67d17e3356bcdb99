#!/usr/bin/env bash
# drizzle-orm: drizzle(sql) changes the postgres.js client that it is given, for everybody who uses that client.
#
# Packages: drizzle-orm@0.45.4, postgres@3.4.9; a database from @electric-sql/pglite@0.5.14 and pglite-socket@0.2.17 (loopback only).
#   Tried on Node 20.20.2.
# Expected: Drizzle's documentation shows a client that one has already being handed over; its own type mapping is Drizzle's own affair.
#   What the application asks of its client beside Drizzle answers as before.
# Happens: drizzle() overwrites parsers and serializers in the client's options: those of the date and time types, and of json and jsonb.
# Seen, same statements on the same client, before and after the call: a timestamptz is a Date, then text in the server's notation; a parameter
#   made with JSON.stringify is stored in a jsonb column as a JSON string, then as an object; sql.json({…}) works, then is refused. (Statements
#   that were prepared before the call keep their old parsers, so both kinds of date can be seen side by side.)
# For a user: give Drizzle a client of its own. A library that copies a host's client options gets the changed ones as well: it must send
#   text with casts, and parse dates itself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent --legacy-peer-deps drizzle-orm@0.45.4 postgres@3.4.9 \
  @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17
cat > run.mjs <<'EOF'
import { createServer } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

const probe = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => probe.once('listening', resolve))
const { port } = probe.address()
await new Promise((resolve) => probe.close(resolve))

const db = await PGlite.create()
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port })
await server.start()
const sql = postgres({ host: '127.0.0.1', port, username: 'postgres', database: 'postgres', max: 1 })
await sql`CREATE TABLE flags (at timestamptz, rules jsonb)`

async function look(when) {
  await sql`DELETE FROM flags`
  await sql`INSERT INTO flags VALUES ('2026-01-01T00:00:00Z', ${JSON.stringify({ a: 1 })})`
  const [row] = await sql.unsafe('SELECT at, jsonb_typeof(rules) AS kind FROM flags')
  const json = await sql`INSERT INTO flags (rules) VALUES (${sql.json({ a: 1 })})`.then(() => 'stored', () => 'refused')
  const seen = [row.at instanceof Date ? 'Date' : typeof row.at, row.kind, json].join()
  console.log(`${when}: timestamptz ${seen.split(',')[0]}, JSON text in jsonb is a JSON ${row.kind}, sql.json() ${json}`)
  return seen
}
const before = await look('before drizzle(sql)')
drizzle(sql)
const after = await look('after  drizzle(sql)')

await sql.end({ timeout: 1 })
await server.stop()
await db.close()
if (before !== 'Date,string,stored' || after !== 'string,object,refused') {
  console.error('CHANGED: drizzle() no longer changes the client as drizzle-orm 0.45.4 does.')
  process.exit(1)
}
process.exit(0)
EOF
node run.mjs
