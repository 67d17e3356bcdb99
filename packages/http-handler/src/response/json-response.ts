type ResponseHeaders = Readonly<Record<string, string>>

/** The default headers of every response; a route's own headers replace them. */
const DEFAULT_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

export function jsonResponse(body: unknown, status = 200, headers: ResponseHeaders = {}): Response {
  return jsonTextResponse(JSON.stringify(body), status, headers)
}

/** Like `jsonResponse`, for text that is JSON already. */
export function jsonTextResponse(text: string, status = 200, headers: ResponseHeaders = {}): Response {
  return new Response(text, { status, headers: jsonHeaders(headers) })
}

export function jsonHeaders(headers: ResponseHeaders): ResponseHeaders {
  return { ...DEFAULT_HEADERS, ...headers }
}
