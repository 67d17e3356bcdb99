/**
 * PostgreSQL as the store of Flagstone.
 *
 * @module
 */

export { type MigrateOptions, migrate } from './migrate.ts'
export { type Migration, migrations } from './migrations/index.ts'
export type { ClientOptions, DatabaseOptions, PostgresStoreOptions } from './options.ts'
export { postgresStore } from './postgres-store.ts'
