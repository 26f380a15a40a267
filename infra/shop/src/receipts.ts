import { mkdir, readdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The shop's own quota on the folder of its receipts: nobody needs root to fill a disk of that size. */
const quotaBytes = 8 * 1024 * 1024;
const receipt = 'Thank you for your order. '.repeat(80);
const leftoverBytes = 64 * 1024;
const leftoverAgeMs = 2 * 3_600_000;
const patienceMs = 4_000;
const againMs = 250;

/** Receipts are written to a folder, printed and removed. */
export type Receipts = {
  /** Waits a while for room; then the customer goes without. */
  print(order: string): Promise<void>;
  usedRatio(): Promise<number>;
};

export const receiptsFolder = (stateDir: string) => join(stateDir, 'receipts');

export function createReceipts(folder: string): Receipts {
  const hasRoom = async () => (await usedBytes(folder)) + receipt.length <= quotaBytes;
  return {
    async print(order) {
      const file = join(folder, `${order}-${process.pid}.txt`);
      for (const deadline = Date.now() + patienceMs; !(await hasRoom());) {
        if (Date.now() >= deadline) return;
        await new Promise((again) => setTimeout(again, againMs));
      }
      await writeFile(file, receipt);
      await unlink(file);
    },
    usedRatio: async () => (await usedBytes(folder)) / quotaBytes,
  };
}

async function usedBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const sizes = await Promise.all(
    (await readdir(folder)).map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ), // gone meanwhile
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What a renderer that died two hours ago has left: the folder is full to the last byte. That is the fault `disk-full`. */
export async function fillReceipts(folder: string): Promise<void> {
  const at = (Date.now() - leftoverAgeMs) / 1_000;
  let left = quotaBytes - (await usedBytes(folder));
  for (let i = 0; left > 0; i++, left -= leftoverBytes) {
    const file = join(folder, `leftover-${i}.tmp`);
    await writeFile(file, Buffer.alloc(Math.min(left, leftoverBytes)));
    await utimes(file, at, at);
  }
}

export async function tidyReceipts(folder: string): Promise<void> {
  const leftovers = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('leftover-'));
  await Promise.all(leftovers.map((name) => unlink(join(folder, name)).catch(() => {})));
}
