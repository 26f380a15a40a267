/** What must never reach a log, the database or a page. Each pattern keeps its first group and hides the rest. */
const secrets: [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*:)[^\s@"']+(?=@)/gi, '$1***'],
  [/(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1***'],
  [
    /((?:password|passwd|pwd|secret|token|api[_-]?key|authorization|cookie)\\?["']?\s*[:=]\s*\\?["']?)(?!\*\*\*)[^\s"',;&}\\]+/gi,
    '$1***',
  ],
];

/** Hides passwords in URLs, bearer tokens and `secret = value` pairs. The one place that knows what a secret looks like. */
export function redactText(text: string): string {
  return secrets.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
