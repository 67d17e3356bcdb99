import type { Node } from './dial.ts'
import { within } from './within.ts'

const EVERY_MS = 5_000
const SILENCE_MS = 2_000

/**
 * Pings the nodes every 5 s and names each that has not answered after 2 s: a connection through a black hole stays `ready` for many
 * minutes. One that was still connecting the time before counts as silent too. Answers what ends it; it does not keep the process alive.
 */
export function heartbeat(nodes: () => readonly Node[], onSilent: (node: Node) => void): () => void {
  let connecting: readonly Node[] = []
  const timer = setInterval(() => {
    const all = nodes()
    for (const node of all) {
      if (node.status === 'ready') within(node.ping(), SILENCE_MS, 'No answer to a PING').catch(() => onSilent(node))
      else if (connecting.includes(node)) onSilent(node)
    }
    connecting = all.filter(({ status }) => status === 'connecting' || status === 'connect')
  }, EVERY_MS).unref()
  return () => clearInterval(timer)
}
