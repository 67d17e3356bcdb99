import { Redis } from 'ioredis'

/** A client that prints nothing about lost connections, and whose duplicates print nothing either. It reconnects by itself. */
export class RedisWithoutErrorOutput extends Redis {
  constructor(port: number) {
    super(port)
    this.on('error', () => undefined)
  }

  override duplicate(...override: Parameters<Redis['duplicate']>): Redis {
    return super.duplicate(...override).on('error', () => undefined)
  }
}
