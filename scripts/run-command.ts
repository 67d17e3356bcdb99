import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly ms: number
  /** The command exceeded its time limit and was killed. */
  readonly late: boolean
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
}

/** Runs a command without input and collects its output. Rejects only if the command cannot be started. */
export function runCommand(file: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    // Its own process group, so that a command that hangs is killed with all its children.
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const chunks: Buffer[] = []
    let late = false
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    const timer = setTimeout(() => {
      late = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, options.timeoutMs ?? 300_000)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, late, output: Buffer.concat(chunks).toString(), ms: performance.now() - start })
    })
  })
}

/** Like `runCommand`, but rejects with the output if the command fails. */
export async function runOrThrow(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await runCommand(file, args, options)
  if (ran.code === 0) return ran.output
  const how = ran.late ? 'did not end in time' : `exited with ${ran.code ?? ran.signal}`
  throw new Error(`${file} ${args.join(' ')} ${how}\n${ran.output.trim()}`)
}
