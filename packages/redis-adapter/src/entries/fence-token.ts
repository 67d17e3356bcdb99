import { randomBytes } from 'node:crypto'

/** The parsed text of a fence. The text itself is the token that entries carry. */
export interface Fence {
  readonly storeId: string
  readonly version: number
}

// The scripts in `lua-scripts.ts` parse fences by the same grammar: what is corrupt here must be replaced there.
const FENCE = /^([^.|]+)\.(\d{1,16})\.([^.|]+)$/

/** Creates a token that was never used before. */
export function newToken(storeId: string, version: number): string {
  return `${storeId}.${version}.${randomBytes(9).toString('base64url')}`
}

/** `undefined` if the text is not a valid fence. */
export function parseFence(text: string): Fence | undefined {
  const [, storeId, digits] = FENCE.exec(text) ?? []
  const version = Number(digits)
  return storeId !== undefined && Number.isSafeInteger(version) ? { storeId, version } : undefined
}
