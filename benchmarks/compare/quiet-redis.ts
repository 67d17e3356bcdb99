import { Redis } from 'ioredis'

/** A client that leaves lost connections to its retries, as its duplicates do, and prints nothing about them. */
export class QuietRedis extends Redis {
  constructor(port: number) {
    super(port)
    this.on('error', () => undefined)
  }

  override duplicate(...override: Parameters<Redis['duplicate']>): Redis {
    return super.duplicate(...override).on('error', () => undefined)
  }
}
