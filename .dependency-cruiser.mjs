// Which folder may import which. Each list is an order: a folder imports only what stands left of it (types included).
const orders = {
  'packages/core/src': [
    'errors',
    'contracts',
    'validate',
    'evaluate',
    'layers',
    'history',
    'read',
    'snapshot',
    'write',
    'admin',
    'explain',
    'client',
  ],
  'packages/pg-adapter/src': ['options', 'drivers', 'connection', 'migrations', 'sql', 'reads', 'writes', 'uses', 'watch'],
  'packages/redis-adapter/src': ['options', 'drivers', 'connection', 'scripts', 'entries', 'hints'],
  'packages/http-handler/src': [
    'response',
    'authorization',
    'caching',
    'options',
    'events',
    'schemas',
    'request',
    'routing',
    'openapi',
    'ofrep',
    'routes',
  ],
  'packages/openfeature-provider/src': ['evaluation', 'events'],
  'services/src': ['service', 'network', 'processes', 'binaries', 'private-servers', 'sources'],
}

// What stands beside an order: which of its folders it may import. Only entry points (files in `src/` itself) import it.
const besides = {
  'packages/core/src': {
    adapters: ['errors', 'contracts', 'validate', 'layers'],
    conformance: ['errors', 'contracts', 'validate'],
  },
}

const folders = (root, names) => `^${root}/(${names.join('|')})/`

/** From a folder to what stands right of it, or to an entry point. */
const againstTheOrder = Object.entries(orders).flatMap(([root, order]) =>
  order.map((folder, place) => ({
    name: `${root}: ${folder} imports only what stands left of it`,
    severity: 'error',
    from: { path: folders(root, [folder]) },
    to: { path: `^${root}/`, pathNot: folders(root, order.slice(0, place + 1)) },
  })),
)

const beside = Object.entries(besides).flatMap(([root, rooms]) =>
  Object.entries(rooms).map(([folder, allowed]) => ({
    name: `${root}: ${folder} imports only ${allowed.join(', ')}`,
    severity: 'error',
    from: { path: folders(root, [folder]) },
    to: { path: `^${root}/`, pathNot: folders(root, [folder, ...allowed]) },
  })),
)

export default {
  forbidden: [{ name: 'no circle', severity: 'error', from: {}, to: { circular: true } }, ...againstTheOrder, ...beside],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
  },
}
