/** Scores end here: beyond one in 10^16 a model of 60 samples has nothing to say. */
export const maxScore = 16;

/**
 * -log10 of the probability that a healthy value lies `z` standard deviations or more away, where mean and deviation were
 * themselves estimated from `n` samples: Student's t with n - 1 degrees of freedom, through Wallace's normal approximation
 * (D. L. Wallace, Ann. Math. Stat. 30, 1959) and the complementary error function. `sides` 2: either direction counts.
 */
export function tailScore(z: number, n: number, sides: 1 | 2): number {
  const df = Math.max(1, n - 1);
  // A new sample differs from an estimated mean by the variance of both.
  const t = Math.abs(z) / Math.sqrt(1 + 1 / n);
  const normal = ((8 * df + 1) / (8 * df + 3)) * Math.sqrt(df * Math.log1p((t * t) / df));
  const probability = (erfc(normal / Math.SQRT2) / 2) * sides;
  return Math.min(maxScore, Math.max(0, -Math.log10(probability)));
}

/** Complementary error function for x >= 0, relative error below 1.2e-7 (Numerical Recipes, 2nd ed., 6.2). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  const series =
    1.00002368 +
    t *
      (0.37409196 +
        t *
          (0.09678418 +
            t *
              (-0.18628806 +
                t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))));
  return t * Math.exp(-x * x - 1.26551223 + t * series);
}

/** Of what counts events, so many between two looks may be chance, whatever was usual. */
export const chanceEvents = 2;
