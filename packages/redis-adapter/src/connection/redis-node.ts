/** The part of an ioredis connection that the adapter uses. Connections and clusters of ioredis 5 and 6 all have it. */
export interface RedisNode {
  readonly status: string
  readonly options: object
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
  on(event: string, listener: (...args: never[]) => void): unknown
  once(event: string, listener: (...args: never[]) => void): unknown
  mget(keys: readonly string[]): Promise<(string | null)[]>
  unlink(...keys: string[]): Promise<number>
  evalsha(sha: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>
  eval(source: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>
  scan(cursor: string, match: 'MATCH', glob: string, count: 'COUNT', size: number): Promise<[string, string[]]>
  ping(): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  duplicate(overrides: object): RedisNode
}

/** A cluster takes the same commands as a node, and lists its nodes. */
export interface RedisCluster extends Omit<RedisNode, 'duplicate'> {
  nodes(role: 'all' | 'master'): RedisNode[]
  duplicate(startupNodes: readonly never[], overrides: object): RedisCluster
}
