import type { Node } from './dial.ts'
import type { Script } from './scripts.ts'

/** Runs a script by its name; Redis forgets scripts when it restarts or is told to, and then gets the source. */
export async function runScript(node: Node, script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  try {
    return await node.evalsha(script.sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return node.eval(script.source, keys.length, ...keys, ...args)
  }
}
