/** Waits for `work` at most `deadlineMs`, then rejects with what `late` makes. `work` itself goes on unheard. */
export function within<T>(deadlineMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), deadlineMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
