/** Why something is not available here, as part of one line. */
export interface NotAvailable {
  readonly absent: string
}

export function isNotAvailable(result: object): result is NotAvailable {
  return 'absent' in result
}
