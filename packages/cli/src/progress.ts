/** How far a long piece of work is: a line that changes on a terminal, a line now and then elsewhere. */
export type Progress = {
  /** What is at work now. */
  at(name: string): void;
  /** So many more rows of input. */
  rows(more: number): void;
  /** One more of the things that are counted. */
  done(): void;
  /** A line that stays. */
  say(line: string): void;
  end(): { rows: number; seconds: number; rowsPerSecond: number };
};

type Out = { isTTY?: boolean; columns?: number; write(text: string): unknown };

const barWidth = 24;
const everyMs = { terminal: 100, plain: 5_000 };

/** Starts to tell of `total` things (`what`, in the plural), on stderr. */
export function startProgress(what: string, total: number, out: Out = process.stderr, clock = Date.now): Progress {
  const startedAt = clock();
  let [done, rows, name, shownAt] = [0, 0, '', startedAt];
  const seconds = () => Math.max(0.001, (clock() - startedAt) / 1_000);
  const clear = () => (out.isTTY ? '\r\x1b[K' : '');
  const show = () => {
    if (clock() - shownAt < (out.isTTY ? everyMs.terminal : everyMs.plain)) return;
    shownAt = clock();
    const filled = Math.round((barWidth * done) / Math.max(1, total));
    const figures = `${done}/${total} ${what}, ${short(rows)} rows, ${short(rows / seconds())}/s`;
    const bar = out.isTTY ? `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ` : '';
    const line = `${bar}${figures}  ${name}`;
    out.write(out.isTTY ? `${clear()}${line.slice(0, (out.columns ?? 80) - 1)}` : `${line}\n`);
  };
  return {
    at(next) {
      name = next;
      show();
    },
    rows(more) {
      rows += more;
      show();
    },
    done() {
      done++;
      show();
    },
    say: (line) => void out.write(`${clear()}${line}\n`),
    end() {
      out.write(clear());
      return { rows, seconds: Number(seconds().toFixed(3)), rowsPerSecond: Math.round(rows / seconds()) };
    },
  };
}

/** 1234567 as `1.2M`. */
function short(n: number): string {
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)}M`;
  return n >= 1e4 ? `${(n / 1e3).toFixed(0)}k` : String(Math.round(n));
}
