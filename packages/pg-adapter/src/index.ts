/**
 * PostgreSQL as the store of Flagstone.
 *
 * @module
 */

export { type MigrateOptions, migrate } from './migrations/migrate.ts'
export { type Migration, migrations } from './migrations/migrations.ts'
export type { ClientOptions, DatabaseOptions, PostgresStoreOptions } from './options/postgres-options.ts'
export { postgresStore } from './postgres-store.ts'
