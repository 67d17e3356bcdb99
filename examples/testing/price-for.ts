import type { Flags } from '@flagstone/core'

export interface Customer {
  readonly id: string
  readonly basket: number
}

/** What an app might have: code that asks for a flag and takes the client as a parameter. In cents. */
export async function priceFor(customer: Customer, flags: Flags): Promise<number> {
  const discounted = await flags.isEnabled('summer_sale', customer.id)
  return discounted ? Math.round(customer.basket * 0.9) : customer.basket
}
