/**
 * A new id, sortable by time: `<prefix>-<base36 ms><8 random base36>`. Safe as part of a BullMQ job id
 * (no `:` and never digits only).
 */
export function newId(prefix: 'inc' | 'act' | 'apr' | 'ntf' | 'dep' | 'mbr'): string {
  const time = Date.now().toString(36);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => (b % 36).toString(36)).join('');
  return `${prefix}-${time}${random}`;
}
