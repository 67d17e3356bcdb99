/**
 * Every call awaits it once before its effect. So a call of the memory adapters never takes effect before it has returned, as with a real
 * backend, and takes effect as a whole, at one point that a test can place between others.
 */
export const NEXT_MICROTASK: Promise<void> = Promise.resolve()
