import assert from 'node:assert/strict'

const CAP_MS = 10_000
const LOOK_EVERY_MS = 2

/** Waits until the condition holds; fails with `what` when it still does not after ten seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + CAP_MS
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${CAP_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
