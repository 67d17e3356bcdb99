import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const sources: Record<string, string> = {
  '@flagstone/core': 'packages/core/src/index.ts',
  '@flagstone/core/adapter': 'packages/core/src/adapter.ts',
  '@flagstone/core/conformance': 'packages/core/src/conformance/index.ts',
  '@flagstone/core/schemas': 'packages/core/src/schemas.ts',
  '@flagstone/core/testing': 'packages/core/src/testing/index.ts',
  '@flagstone/http-handler': 'packages/http-handler/src/index.ts',
  '@flagstone/openfeature-provider': 'packages/openfeature-provider/src/index.ts',
  '@flagstone/pg-adapter': 'packages/pg-adapter/src/index.ts',
  '@flagstone/redis-adapter': 'packages/redis-adapter/src/index.ts',
  '@flagstone/services': 'services/src/index.ts',
}
const resolve = {
  alias: Object.entries(sources).map(([name, path]) => ({ find: new RegExp(`^${name}$`), replacement: at(path) })),
}

function project(name: string, root: string): TestProjectInlineConfiguration {
  return {
    resolve,
    test: {
      name,
      root: at(root),
      include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
      testTimeout: 20_000,
      hookTimeout: 60_000,
    },
  }
}

export default defineConfig({
  resolve,
  test: {
    // Runs once, at the root: a project that inherited it would start services of its own.
    globalSetup: at('vitest.global-setup.ts'),
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: at('node_modules/.cache/test-results.json') }]],
    projects: [
      project('core', 'packages/core'),
      project('openfeature-provider', 'packages/openfeature-provider'),
      project('pg-adapter', 'packages/pg-adapter'),
      project('redis-adapter', 'packages/redis-adapter'),
      project('http-handler', 'packages/http-handler'),
      project('services', 'services'),
      project('repository', '.'),
      {
        resolve,
        test: {
          name: 'types',
          root: at('.'),
          include: [],
          typecheck: {
            enabled: true,
            include: ['packages/*/{src,test}/**/*.test-d.ts'],
            tsconfig: at('tsconfig.type-tests.json'),
            // Errors outside the type tests are `pnpm typecheck`'s to report.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
})
