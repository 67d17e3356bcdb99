/**
 * Compares the cost of a flag over HTTP with an empty route of the same server, and all flags at once with one by one. The server runs in
 * its own process, so this prints requests per second and CPU time per request. Ratios are within one run; nothing is asserted.
 */
import { get, LoadClient, type LoadResult, post } from './load-client.ts'
import { startServerProcess } from './server-process.ts'

const ROUNDS = 7
const REQUESTS = 8_000
const IN_FLIGHT = 32
const MANY = 1_000
const USERS = 1_000
const FLAGS = 100

const server = await startServerProcess()
const client = new LoadClient(server.port)
const tag = (await fetch(`http://127.0.0.1:${server.port}/flags/flag-50`)).headers.get('etag') ?? ''

interface Measured extends LoadResult {
  readonly cpuUs: number
}

async function measure(count: number, inFlight: number, ask: (index: number) => string): Promise<Measured> {
  const before = await server.cpuUs()
  const load = await client.run(count, inFlight, ask)
  return { ...load, cpuUs: ((await server.cpuUs()) - before) / count }
}

const single = (index: number): string =>
  post(`/ofrep/v1/evaluate/flags/flag-${index % FLAGS}`, `{"context":{"targetingKey":"user-${index % USERS}"}}`)
const bulk = (index: number): string => post('/ofrep/v1/evaluate/flags', `{"context":{"targetingKey":"user-${index % USERS}"}}`)

const CASES: Readonly<Record<string, (index: number) => string>> = {
  'an empty route': () => get('/empty'),
  'a route that gives the same bytes': () => get('/same'),
  'GET /flags/{name}?user_id=…': (index) => get(`/flags/flag-50?user_id=user-${index % USERS}`),
  'GET /flags/{name}': () => get('/flags/flag-50'),
  'GET /flags/{name}, 304': () => get('/flags/flag-50', `If-None-Match: ${tag}\r\n`),
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.floor((sorted.length * percent) / 100)] ?? Number.NaN
}

const rows = new Map(Object.keys(CASES).map((name) => [name, [] as Measured[]]))
for (const ask of Object.values(CASES)) await measure(REQUESTS, IN_FLIGHT, ask)
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, ask] of Object.entries(CASES)) rows.get(name)?.push(await measure(REQUESTS, IN_FLIGHT, ask))
}
const empty = rows.get('an empty route') ?? []
console.log(`\n${IN_FLIGHT} in flight, medians of ${ROUNDS} rounds      requests/s   x empty   CPU µs   x empty`)
for (const [name, measured] of rows) {
  const [perSecond, cpuUs] = [median(measured.map((each) => each.perSecond)), median(measured.map((each) => each.cpuUs))]
  const rate = median(measured.map((each, round) => each.perSecond / (empty[round]?.perSecond ?? Number.NaN)))
  const cost = median(measured.map((each, round) => each.cpuUs / (empty[round]?.cpuUs ?? Number.NaN)))
  const cells = [perSecond.toFixed(0).padStart(11), rate.toFixed(2).padStart(9), cpuUs.toFixed(1).padStart(8), cost.toFixed(2).padStart(9)]
  console.log(`${name.padEnd(40)} ${cells.join(' ')}`)
}

console.log(`\n${MANY.toLocaleString('en')} in flight                        p50 ms    p99 ms`)
for (const name of ['an empty route', 'GET /flags/{name}?user_id=…']) {
  const { latenciesMs } = await measure(20 * MANY, MANY, CASES[name] as (index: number) => string)
  const cells = [50, 99].map((percent) => percentile(latenciesMs, percent).toFixed(1).padStart(9))
  console.log(`${name.padEnd(30)} ${cells.join(' ')}`)
}

const ofrep: { readonly ratio: number; readonly cpu: number; readonly bulkUs: number; readonly singleUs: number }[] = []
for (let round = 0; round < ROUNDS; round++) {
  const one = await measure(4_000, IN_FLIGHT, single)
  const all = await measure(1_000, IN_FLIGHT, bulk)
  const ratio = (FLAGS * all.perSecond) / one.perSecond
  ofrep.push({ ratio, cpu: (FLAGS * one.cpuUs) / all.cpuUs, bulkUs: all.cpuUs, singleUs: one.cpuUs })
}
const [ratio, cpu] = [median(ofrep.map((each) => each.ratio)), median(ofrep.map((each) => each.cpu))]
const [bulkUs, singleUs] = [median(ofrep.map((each) => each.bulkUs)), median(ofrep.map((each) => each.singleUs))]
console.log(
  `\nOFREP: ${FLAGS} flags in one request are ${ratio.toFixed(1)} x as fast as one by one, and take a ${cpu.toFixed(1)}th of the CPU time`,
)
console.log(`(${bulkUs.toFixed(0)} µs beside ${FLAGS} x ${singleUs.toFixed(0)} µs)`)
client.close()
server.stop()
