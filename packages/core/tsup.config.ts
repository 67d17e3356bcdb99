import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    adapter: 'src/adapter.ts',
    conformance: 'src/conformance/index.ts',
    schemas: 'src/schemas.ts',
    testing: 'src/testing/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node20',
  tsconfig: 'tsconfig.json',
  // A consumer without it in `lib` would not find AsyncDisposable.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  clean: true,
  sourcemap: false,
  silent: true,
})
