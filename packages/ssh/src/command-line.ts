/**
 * Program and arguments as the one text that SSH carries (RFC 4254, 6.5), with a limit on their time. sshd gives it to the login shell
 * of the user, so every word is quoted for that, and arrives as it is. Throws for what no quoting carries through every shell.
 */
export function commandLine(argv: readonly string[], limitMs: number): string {
  const [program = ''] = argv;
  if (!/^[\w/][\w/.+-]*$/.test(program)) throw new Error(`"${program}" does not name one program`);
  // A line break ends a word in csh even between quotes; NUL ends the text itself.
  if (argv.some((word) => /[\n\r\0]/.test(word)))
    throw new Error(`an argument of ${program} holds a line break or NUL`);
  const limited = ['timeout', '-s', 'KILL', String(Math.ceil(limitMs / 1_000)), ...argv];
  return limited.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}
