/** How a series of unknown kind has moved so far. */
export type Shape = { at: number; last: number; rises: number; falls: number };

/** So many moves tell a kind, and a counter falls (it is reset) in no more than this part of them. */
const movesToTell = 20;
const mostResets = 0.05;
/** The past counts half once it is this long: what is reset often was something else before. */
const mostMoves = 1_000;

/** Follows a series by one sample; one that is not newer changes nothing. */
export function followShape(shape: Shape | undefined, at: number, value: number): Shape {
  if (!shape) return { at, last: value, rises: 0, falls: 0 };
  if (at <= shape.at) return shape;
  if (value > shape.last) shape.rises += 1;
  else if (value < shape.last) shape.falls += 1;
  if (shape.rises + shape.falls > mostMoves) {
    shape.rises /= 2;
    shape.falls /= 2;
  }
  shape.at = at;
  shape.last = value;
  return shape;
}

/** What nobody knows the kind of counts if it nearly only ever rises. */
export function kindOfShape({ rises, falls }: Shape): 'gauge' | 'counter' {
  const moves = rises + falls;
  return moves >= movesToTell && falls <= mostResets * moves ? 'counter' : 'gauge';
}
