/** A process of its own with one client: it asks, and where its role says so writes, until it is told to close or killed. */

import { Gate, openFlags } from './actor-flags.ts'
import { AnswerLog } from './answer-log.ts'
import { Asking } from './asking.ts'
import { Dice } from './dice.ts'
import { type ActorPlan, FLAGS, type Order, USERS, type Word } from './protocol.ts'
import { Writing } from './writing.ts'

const STARTS = 10

const plan = JSON.parse(process.argv[2] ?? '') as ActorPlan
const say = (word: Word): void => {
  if (process.connected) process.send?.(word)
}

function crash(error: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const leave = (): never => process.exit(1)
  if (process.connected) process.send?.({ word: 'crashed', why } satisfies Word, leave)
  else leave()
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
// Nobody is left to close it.
const orphaned = (): never => process.exit(1)
process.on('disconnect', orphaned)

const log = new AnswerLog(plan.log)
const gate = new Gate(
  (version) => say({ word: 'committed', version, at: Number(process.hrtime.bigint()) / 1e6 }),
  (version) => say({ word: 'stalled', version }),
)
const flags = openFlags(plan, gate)
const asking = new Asking(plan.name, flags, log, new Dice(plan.seed))
const writing = new Writing(flags, new Dice(plan.seed + 1), (version, at, propagated) => say({ word: 'resolved', version, at, propagated }))

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case 'stall':
      gate.arm(order.forMs)
      return
    case 'changed':
      asking.told(order.changes)
      return
    case 'status': {
      const versions = await Promise.all(FLAGS.map((flag) => asking.ask(flag, USERS[0])))
      const { channels, leased, clock } = flags.stats()
      say({ word: 'status', status: { channels, leased, clock, versions } })
      return
    }
    case 'write':
      if (order.on) writing.start()
      else await writing.stop()
      say({ word: 'rests' })
      return
    case 'finale':
      say({ word: 'finale', versions: await writing.finale() })
      return
    case 'close':
      await writing.stop()
      await asking.stop()
      await flags.close()
      log.close()
      say({ word: 'closed' })
      process.off('disconnect', orphaned)
      // What it left open would keep it alive from here on, and be found.
      process.disconnect()
  }
}

/** Who starts while many others do, or in the middle of a fault, is started again by its host. */
async function ready(): Promise<void> {
  for (let left = STARTS - 1; ; left--) {
    try {
      return await flags.ready()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

process.on('message', (order: Order) => void obey(order).catch(crash))
await ready()
asking.start()
say({ word: 'ready' })
