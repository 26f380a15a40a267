/**
 * Tries until `probe` returns without throwing, and returns what it returned; else throws its last error at the deadline.
 * For what other processes do in their own time: no test sleeps and hopes.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 30_000);
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 25));
  }
}
