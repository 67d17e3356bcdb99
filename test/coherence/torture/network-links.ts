import { type TcpProxy, tcpProxy } from '@flagstone/services'

/** The proxies through which one worker reaches the services. A network fault in them affects only this worker. */
export interface NetworkLinks {
  readonly postgres: TcpProxy
  /** Separate, so that LISTEN can fail while queries still work. */
  readonly listen: TcpProxy
  readonly redis: TcpProxy
}

export async function openNetworkLinks(postgresPort: number, redisPort: number): Promise<NetworkLinks> {
  const [postgres, listen, redis] = await Promise.all([tcpProxy(postgresPort), tcpProxy(postgresPort), tcpProxy(redisPort)])
  return { postgres, listen, redis }
}

export function healNetworkLinks({ postgres, listen, redis }: NetworkLinks): void {
  for (const link of [postgres, listen, redis]) link.heal()
}
