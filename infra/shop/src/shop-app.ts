import Fastify, { type FastifyInstance } from 'fastify';
import type { Baskets, Item } from './baskets.ts';
import type { Payments } from './payments.ts';
import { skus, type Prices } from './prices.ts';
import { pricingOf } from './pricing.ts';
import type { Receipts } from './receipts.ts';

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

export type ShopOptions = {
  version: string;
  baskets: Baskets;
  prices: Prices;
  payments: Payments;
  receipts: Receipts;
};

/** The shop itself, in one of its versions, with the baskets, prices and connections it is given. */
export function createShop(options: ShopOptions): FastifyInstance {
  // A process that is replaced serves what has arrived, on whatever connection.
  const app = Fastify({ forceCloseConnections: 'idle', return503OnClosing: false });
  const { baskets, payments, receipts } = options;
  const price = pricingOf(options.version, options.prices);
  let orders = 0;

  app.get('/healthz', () => ({ status: 'ok', version: options.version }));
  app.get('/version', () => ({ version: options.version }));
  app.get('/catalogue', () => ({ skus }));
  app.post<{ Body: CheckoutRequest }>(
    '/checkout',
    { schema: { body: checkoutSchema } },
    async (request): Promise<CheckoutAnswer> => {
      const { membership, items, ...visitor } = request.body;
      baskets.save(visitor, items);
      const basket = baskets.load(visitor);
      const totalCents = price(basket, membership);
      // A card company pays no empty bill, and declines a few cards for reasons of its own.
      const paid = totalCents > 0 && !visitor.customer.endsWith('-broke');
      const order = paid ? `order-${++orders}` : null;
      if (order) {
        await payments.authorise();
        await receipts.print(order);
      }
      const bought = basket.reduce((sum, item) => sum + item.quantity, 0);
      return {
        order,
        payment: paid ? 'accepted' : 'declined',
        items: bought,
        totalCents,
      };
    },
  );
  return app;
}
