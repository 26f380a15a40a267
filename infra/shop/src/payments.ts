/** The card company, of which each api process may use so many connections at once: its capacity, and why it needs company under load. */
export type Payments = {
  /** Resolves when the card company has answered; waits for its turn while all connections are taken. */
  authorise(): Promise<void>;
  /** Share of the connections in use since the last report, and how many payments wait for one now. */
  report(): { usageRatio: number; waiting: number };
};

const authoriseMs = 200;

export function createPayments(connections = 8): Payments {
  const waiting: (() => void)[] = [];
  let busy = 0;
  let busyMs = 0;
  let countedAt = performance.now();
  let reportedAt = countedAt;
  const count = () => {
    const at = performance.now();
    busyMs += busy * (at - countedAt);
    countedAt = at;
  };
  return {
    async authorise() {
      if (busy >= connections) await new Promise<void>((turn) => waiting.push(turn));
      else {
        count();
        busy++;
      }
      await new Promise((answered) => setTimeout(answered, authoriseMs));
      const next = waiting.shift();
      if (next) return next(); // takes over the connection
      count();
      busy--;
    },
    report() {
      count();
      const usageRatio = busyMs / (connections * (countedAt - reportedAt) || 1);
      busyMs = 0;
      reportedAt = countedAt;
      return { usageRatio, waiting: waiting.length };
    },
  };
}
