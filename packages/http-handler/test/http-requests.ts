export function request(path: string, init?: RequestInit): Request {
  return new Request(`http://localhost${path}`, init)
}

/** The init of a POST with a JSON body. */
export function jsonRequest(body: unknown, init: RequestInit = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', body: text, ...init, headers: { 'Content-Type': 'application/json', ...init.headers } }
}

/** Reads the problem document of a response. Throws if it is anything else. */
export async function readProblem(response: Response): Promise<Record<string, unknown>> {
  const type = response.headers.get('content-type')
  if (type !== 'application/problem+json') throw new Error(`${response.status} ${type}: ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
