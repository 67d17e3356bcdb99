/** The same object with these methods in place of, or beside, its own. */
export function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      const own = Reflect.get(methods, key) as unknown
      if (Object.hasOwn(methods, key)) return own
      const value = Reflect.get(target, key) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
