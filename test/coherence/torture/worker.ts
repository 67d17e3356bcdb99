/** A worker process with one client. It reads, and writes if its role says so, until it is told to close or is killed. */

import { SeededRandom } from '../seeded-random.ts'
import { AnswerLog } from './answer-log.ts'
import { CommitGate } from './commit-gate.ts'
import { ReadLoop } from './read-loop.ts'
import { openWorkerClient } from './worker-client.ts'
import { FLAGS, USERS, type WorkerCommand, type WorkerMessage, type WorkerPlan } from './worker-messages.ts'
import { WriteLoop } from './write-loop.ts'

const MAX_STARTS = 10

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
// The parent has ended, so nothing would close this process.
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
      // From here on only a leaked handle keeps this process alive, and `WorkerHandle.close()` finds that.
      process.disconnect()
  }
}

/** Retries, because a worker may start during a fault, as an application would be started again by its host. */
async function ready(): Promise<void> {
  for (let left = MAX_STARTS - 1; ; left--) {
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
