import Fastify, { type FastifyInstance } from 'fastify';
import type { Baskets, Item } from './baskets.ts';
import { pricingOf, skus } from './pricing.ts';

export type CheckoutRequest = {
  customer: string;
  session: string;
  membership?: { discountPercent: number };
  items: Item[];
};
export type CheckoutAnswer = {
  order: string | null;
  payment: 'accepted' | 'declined';
  items: number;
  totalCents: number;
};

const checkoutSchema = {
  type: 'object',
  required: ['customer', 'session', 'items'],
  properties: {
    customer: { type: 'string', maxLength: 64 },
    session: { type: 'string', maxLength: 64 },
    membership: {
      type: 'object',
      required: ['discountPercent'],
      properties: { discountPercent: { type: 'number', minimum: 0, maximum: 90 } },
    },
    items: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['sku', 'quantity'],
        properties: { sku: { enum: skus }, quantity: { type: 'integer', minimum: 1, maximum: 10 } },
      },
    },
  },
};

/** The shop itself, in one of its versions, with the baskets it is given. */
export function createShop(options: { version: string; baskets: Baskets }): FastifyInstance {
  const app = Fastify({ forceCloseConnections: 'idle' });
  const price = pricingOf(options.version);
  const { baskets } = options;
  let orders = 0;

  app.get('/healthz', () => ({ status: 'ok', version: options.version }));
  app.get('/version', () => ({ version: options.version }));
  app.get('/catalogue', () => ({ skus }));
  app.post<{ Body: CheckoutRequest }>('/checkout', { schema: { body: checkoutSchema } }, (request): CheckoutAnswer => {
    const { membership, items, ...visitor } = request.body;
    baskets.save(visitor, items);
    const basket = baskets.load(visitor);
    const totalCents = price(basket, membership);
    // A card company pays no empty bill, and declines a few cards for reasons of its own.
    const paid = totalCents > 0 && !visitor.customer.endsWith('-broke');
    const bought = basket.reduce((sum, item) => sum + item.quantity, 0);
    return {
      order: paid ? `order-${++orders}` : null,
      payment: paid ? 'accepted' : 'declined',
      items: bought,
      totalCents,
    };
  });
  return app;
}
