import type { Process, Value } from './library.ts'
import type { World } from './world.ts'

export const OLD: Value = { rollout: 0 }
export const NEW: Value = { rollout: 100 }

/** By then a process has sent what it loaded to Redis. Some wait for the reply, which does not come. */
const WRITE_MS = 100

/** Brings a world to the moment after which nobody may answer old, and answers whose answers are then watched. */
export interface Scenario {
  readonly title: string
  play(world: World): Promise<readonly Process[]>
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'nothing goes wrong',
    async play(world) {
      const [a, b] = [await world.process(), await world.process()]
      await warm(a, b)
      await b.write(NEW)
      return [a, b]
    },
  },
  {
    title: 'invalidation during a load, one process',
    async play(world) {
      const a = await world.process()
      const { loading, release } = world.source.hold()
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
    async play(world) {
      const [a, b] = [await world.process(), await world.process()]
      const { loading, release } = world.source.hold()
      const reading = a.read()
      await loading
      await b.write(NEW)
      await world.delivered()
      release()
      await reading
      return [a, b]
    },
  },
  {
    title: 'a lost hint',
    async play(world) {
      const [a, b] = [await world.process(world.proxy), await world.process()]
      await warm(a, b)
      world.proxy.cut()
      await b.write(NEW)
      world.proxy.heal()
      return [a, b]
    },
  },
  {
    title: 'a late replayed write',
    async play(world) {
      const [a, b] = [await world.process(world.proxy), await world.process()]
      const { loading, release } = world.source.hold()
      const reading = a.read()
      await loading
      // What A has loaded is now old before it reaches Redis.
      world.proxy.blackHole()
      release()
      await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, WRITE_MS))])
      await b.write(NEW)
      world.proxy.heal()
      await reading
      await world.delivered()
      return [a, b, await world.process()]
    },
  },
]

async function warm(...processes: readonly Process[]): Promise<void> {
  for (const each of processes) {
    const { rollout } = await each.read()
    if (rollout !== OLD.rollout) throw new Error('a process did not begin with the old value')
  }
}
