/** One line that says why: the last line that a failed program printed, else the first line of the error's message. */
export function errorReason(error: unknown): string {
  const complaint = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined
  const text = error instanceof Error ? error.message : String(error)
  return complaint || (text.trim().split('\n', 1)[0] ?? text)
}
