import type { NotAvailable } from '../service/not-available.ts'
import type { Service } from '../service/service.ts'

/** One way to get a service. If it throws, the search ends; if it is absent, the next source is tried. */
export type ServiceSource<T extends Service = Service> = () => Promise<T | NotAvailable>
