/** A process of its own with one client: it asks, and where its role says so writes, until it is told to close or killed. */

import { AnswerLog } from './answer-log.ts'
import { ReadLoop } from './read-loop.ts'
import { SeededRandom } from './seeded-random.ts'
import { CommitGate, openWorkerClient } from './worker-client.ts'
import { FLAGS, USERS, type WorkerCommand, type WorkerMessage, type WorkerPlan } from './worker-messages.ts'
import { WriteLoop } from './write-loop.ts'

const STARTS = 10

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan
const send = (message: WorkerMessage): void => {
  if (process.connected) process.send?.(message)
}

function crash(error: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const leave = (): never => process.exit(1)
  if (process.connected) process.send?.({ type: 'crashed', why } satisfies WorkerMessage, leave)
  else leave()
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)
// Nobody is left to close it.
const orphaned = (): never => process.exit(1)
process.on('disconnect', orphaned)

const log = new AnswerLog(plan.log)
const gate = new CommitGate(
  (version) => send({ type: 'committed', version, at: Number(process.hrtime.bigint()) / 1e6 }),
  (version) => send({ type: 'stalled', version }),
)
const flags = openWorkerClient(plan, gate)
const readLoop = new ReadLoop(plan.name, flags, log, new SeededRandom(plan.seed))
const writeLoop = new WriteLoop(flags, new SeededRandom(plan.seed + 1), (version, at, propagated) =>
  send({ type: 'resolved', version, at, propagated }),
)

async function handleCommand(command: WorkerCommand): Promise<void> {
  switch (command.type) {
    case 'stall':
      gate.arm(command.forMs)
      return
    case 'changed':
      readLoop.announce(command.changes)
      return
    case 'status': {
      const versions = await Promise.all(FLAGS.map((flag) => readLoop.read(flag, USERS[0])))
      const { channels, leased, clock } = flags.stats()
      send({ type: 'status', status: { channels, leased, clock, versions } })
      return
    }
    case 'write':
      if (command.on) writeLoop.start()
      else await writeLoop.stop()
      send({ type: 'writeSwitched' })
      return
    case 'finalUpdates':
      send({ type: 'finalUpdates', versions: await writeLoop.writeFinalUpdates() })
      return
    case 'close':
      await writeLoop.stop()
      await readLoop.stop()
      await flags.close()
      log.close()
      send({ type: 'closed' })
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

process.on('message', (command: WorkerCommand) => void handleCommand(command).catch(crash))
await ready()
readLoop.start()
send({ type: 'ready' })
