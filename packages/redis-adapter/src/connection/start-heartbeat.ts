import type { RedisNode } from './redis-node.ts'
import { withTimeout } from './with-timeout.ts'

const INTERVAL_MS = 5_000
const ANSWER_TIMEOUT_MS = 2_000

/**
 * Pings the nodes every 5 s, and calls `onSilent` for each that does not answer within 2 s. Without it, a connection whose packets are
 * dropped stays `ready` for many minutes. A node that is still connecting after 5 s counts as silent too. Returns a function that stops the
 * heartbeat; the timer does not keep the process alive.
 */
export function startHeartbeat(nodes: () => readonly RedisNode[], onSilent: (node: RedisNode) => void): () => void {
  let connecting: readonly RedisNode[] = []
  const timer = setInterval(() => {
    const all = nodes()
    for (const node of all) {
      if (node.status === 'ready') withTimeout(node.ping(), ANSWER_TIMEOUT_MS, 'No answer to a PING').catch(() => onSilent(node))
      else if (connecting.includes(node)) onSilent(node)
    }
    connecting = all.filter(({ status }) => status === 'connecting' || status === 'connect')
  }, INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
