export { type FlagstoneProvider, flagstoneProvider, type ProvidedFlags } from './flagstone-provider.ts'
export type { FlagstoneProviderOptions } from './options.ts'
