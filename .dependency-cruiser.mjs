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

// What stands beside an order: which folders and files of `src/` it may import. Only entry points (files in `src/` itself) and `testing` import it.
const besides = {
  'packages/core/src': {
    adapters: ['errors/', 'contracts/', 'validate/', 'layers/'],
    conformance: ['errors/', 'contracts/', 'validate/'],
    testing: [
      'errors/',
      'contracts/',
      'validate/',
      'evaluate/target',
      'layers/',
      'history/client-events',
      'snapshot/snapshot',
      'admin/admin',
      'explain/explanation',
      'client/flags',
      'adapters/',
      'create-flags',
    ],
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
    to: { path: `^${root}/`, pathNot: `^${root}/(${[`${folder}/`, ...allowed].join('|')})` },
  })),
)

/** Every folder of `src/` stands in an order or beside one. */
const unlisted = Object.entries(orders).map(([root, order]) => ({
  name: `${root}: a folder that no order has`,
  severity: 'error',
  from: { path: `^${root}/[^/]+/`, pathNot: folders(root, [...order, ...Object.keys(besides[root] ?? {})]) },
  to: {},
}))

/** A package is imported by its name, as its users do, and not by itself. */
const acrossPackages = [
  {
    name: 'another package is imported by its name',
    severity: 'error',
    from: { path: '^packages/([^/]+)/src/' },
    to: { path: '^packages/[^/]+/src/', pathNot: '^packages/$1/src/' },
  },
  ...['core', 'pg-adapter', 'redis-adapter', 'http-handler', 'openfeature-provider'].map((name) => ({
    name: `${name} does not import itself by its name`,
    severity: 'error',
    from: { path: `^packages/${name}/src/` },
    to: { path: `^(packages/${name}/dist|@flagstone/${name}|node_modules/@flagstone/${name})` },
  })),
]

export default {
  forbidden: [
    { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
    ...againstTheOrder,
    ...beside,
    ...unlisted,
    ...acrossPackages,
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)node_modules/' },
  },
}
