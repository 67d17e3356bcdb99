import type { Flags } from '@flagstone/core'

export interface Customer {
  readonly id: string
  readonly basket: number
}

/** An example of an app's code: it takes the client as a parameter and evaluates a flag. Prices are in cents. */
export async function priceFor(customer: Customer, flags: Flags): Promise<number> {
  const discounted = await flags.isEnabled('summer_sale', customer.id)
  return discounted ? Math.round(customer.basket * 0.9) : customer.basket
}
