import { describe, expect, it } from 'vitest';
import { signWebhook } from './sign.ts';

describe('the signature of Standard Webhooks', () => {
  it('is that of the published example', () => {
    const signature = signWebhook(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      '{"test": 2432232314}',
    );
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('takes a secret without the prefix as it is', () => {
    const text = 'plain secret';
    expect(signWebhook(text, 'id', 1, '{}')).toBe(
      signWebhook(`whsec_${Buffer.from(text).toString('base64')}`, 'id', 1, '{}'),
    );
  });
});
