import type { RedisNode } from '../connection/redis-node.ts'
import type { Script } from './lua-scripts.ts'

/** Runs a script by its SHA-1. If Redis does not know it, after a restart or SCRIPT FLUSH, sends the source instead. */
export async function runScript(node: RedisNode, script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  try {
    return await node.evalsha(script.sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return node.eval(script.source, keys.length, ...keys, ...args)
  }
}
