import { NEW, OLD } from './flag-value.ts'
import type { LibraryProcess } from './library.ts'
import type { ScenarioRun } from './scenario-run.ts'

/** After this time a process has sent its loaded value to Redis. Some libraries wait for the reply, which does not come. */
const WRITE_MS = 100

/** Runs up to the moment after which no process may answer old. Returns the processes to observe. */
export interface Scenario {
  readonly title: string
  run(scenarioRun: ScenarioRun): Promise<readonly LibraryProcess[]>
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'nothing goes wrong',
    async run(scenarioRun) {
      const [a, b] = [await scenarioRun.startProcess(), await scenarioRun.startProcess()]
      await warm(a, b)
      await b.write(NEW)
      return [a, b]
    },
  },
  {
    title: 'invalidation during a load, one process',
    async run(scenarioRun) {
      const a = await scenarioRun.startProcess()
      const { loading, release } = scenarioRun.source.holdReads()
      const reading = a.read()
      await loading
      await a.write(NEW)
      release()
      await reading
      return [a]
    },
  },
  {
    title: 'invalidation during a load, two processes',
    async run(scenarioRun) {
      const [a, b] = [await scenarioRun.startProcess(), await scenarioRun.startProcess()]
      const { loading, release } = scenarioRun.source.holdReads()
      const reading = a.read()
      await loading
      await b.write(NEW)
      await scenarioRun.waitUntilDelivered()
      release()
      await reading
      return [a, b]
    },
  },
  {
    title: 'a lost hint',
    async run(scenarioRun) {
      const [a, b] = [await scenarioRun.startProcess(scenarioRun.proxy), await scenarioRun.startProcess()]
      await warm(a, b)
      scenarioRun.proxy.cut()
      await b.write(NEW)
      scenarioRun.proxy.heal()
      return [a, b]
    },
  },
  {
    title: 'a late replayed write',
    async run(scenarioRun) {
      const [a, b] = [await scenarioRun.startProcess(scenarioRun.proxy), await scenarioRun.startProcess()]
      const { loading, release } = scenarioRun.source.holdReads()
      const reading = a.read()
      await loading
      // The value that A has loaded becomes old before it reaches Redis.
      scenarioRun.proxy.blackHole()
      release()
      await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, WRITE_MS))])
      await b.write(NEW)
      scenarioRun.proxy.heal()
      await reading
      await scenarioRun.waitUntilDelivered()
      return [a, b, await scenarioRun.startProcess()]
    },
  },
]

async function warm(...processes: readonly LibraryProcess[]): Promise<void> {
  for (const each of processes) {
    const { rollout } = await each.read()
    if (rollout !== OLD.rollout) throw new Error('a process did not start with the old value')
  }
}
