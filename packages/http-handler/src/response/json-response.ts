type ResponseHeaders = Readonly<Record<string, string>>

/** What every answer says of itself; a route that knows better says so in its own headers. */
const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

export function json(body: unknown, status = 200, headers: ResponseHeaders = {}): Response {
  return jsonText(JSON.stringify(body), status, headers)
}

/** As `json`, for what is JSON already. */
export function jsonText(text: string, status = 200, headers: ResponseHeaders = {}): Response {
  return new Response(text, { status, headers: jsonHeaders(headers) })
}

export function jsonHeaders(headers: ResponseHeaders): ResponseHeaders {
  return { ...HEADERS, ...headers }
}
