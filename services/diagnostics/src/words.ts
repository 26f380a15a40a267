/** What is wrong, line by line, before what was found. */
export const listed = (trouble: (string | false)[], output: string): string =>
  [...trouble.filter((line) => line !== false), output].join('; ');
