import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

interface Description {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, { readonly post: { readonly responses: Readonly<Record<string, Answer>> } }>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

interface Answer {
  readonly content?: { readonly 'application/json': { readonly schema: object } }
}

const file = fileURLToPath(new URL('../../../../../shared/openfeature/ofrep-openapi.yaml', import.meta.url))

/** Why responses cannot be checked against OFREP's own OpenAPI document; `undefined` if they can. */
export const specificationAbsent: string | undefined = existsSync(file) ? undefined : 'this clone has no ../shared/openfeature beside it'

/** Validates responses against OFREP's OpenAPI document. */
export class OfrepSpecification {
  readonly version: string
  readonly #description: Description
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false })

  constructor() {
    // A whole number satisfies integerFlag and floatFlag, and everything satisfies codeDefaultFlag: none of its oneOf can hold as written.
    const text = readFileSync(file, 'utf8').replaceAll('oneOf:', 'anyOf:')
    this.#description = parse(text) as Description
    this.version = this.#description.info.version
    this.#ajv.addSchema({ $id: 'ofrep', components: this.#description.components })
  }

  /** What a response violates; empty if it is valid. */
  async violations(path: '/ofrep/v1/evaluate/flags/{key}' | '/ofrep/v1/evaluate/flags', response: Response): Promise<readonly string[]> {
    const answer = this.#description.paths[path]?.post.responses[String(response.status)]
    if (answer === undefined) return [`there is no status ${response.status}`]
    const schema = answer.content?.['application/json'].schema
    if (schema === undefined) return []
    if (response.headers.get('content-type') !== 'application/json') return [`it is ${response.headers.get('content-type')}`]
    const check = this.#check(schema)
    return check(await response.json()) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }

  #check(schema: object): ValidateFunction {
    const local = JSON.stringify(schema).replaceAll('"#/', '"ofrep#/')
    return this.#ajv.compile(JSON.parse(local) as object)
  }
}
