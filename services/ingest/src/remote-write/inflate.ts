import { inputLimits, errorMessage, NightshiftError } from '@nightshift/types';
import { uncompressSync } from 'snappy';

/** Snappy's best is a copy of 64 bytes told in three: whoever declares more than 64 / 3 times what came lies. */
const greatestRatio = 22;

/** The length that a snappy block says it will have. Throws BODY_INVALID, or BODY_TOO_LARGE beyond the limit of a body. */
export function declaredLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    if (length > inputLimits.bodyBytes) {
      throw new NightshiftError(
        'BODY_TOO_LARGE',
        `the body says that it inflates to ${length} bytes, at most ${inputLimits.bodyBytes} may be`,
      );
    }
    if (length > block.length * greatestRatio) throw invalid(`${block.length} bytes cannot inflate to ${length}`);
    return length;
  }
  throw invalid('it does not begin with its length');
}

/** Inflates a snappy block (not the framed format) whose declared length was found fit. Throws BODY_INVALID. */
export function inflate(block: Buffer): Buffer {
  try {
    // Without the copy each buffer holds on to memory outside the heap, at ten times the cost.
    return uncompressSync(block, { asBuffer: true, copyOutputData: true }) as Buffer;
  } catch (error) {
    throw invalid(errorMessage(error).slice(0, 200));
  }
}

const invalid = (why: string) => new NightshiftError('BODY_INVALID', `the body is not a snappy block: ${why}`);
