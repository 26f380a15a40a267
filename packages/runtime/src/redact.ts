/** What must never reach a log, the database or a page. Each pattern keeps its first group and hides the rest. */
const secrets: [RegExp, string][] = [
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?=-----END|$)/g, '$1***'],
  // Keys of AWS, tokens of GitHub and Slack, JSON Web Tokens: known by how they begin.
  [/\b(AKIA|ASIA|gh[pousr]_|github_pat_|xox[abeprs]-|eyJ)[A-Za-z0-9_.-]{12,}/g, '$1***'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*:)[^\s@"']+(?=@)/gi, '$1***'],
  // A long name without a password is a token.
  [/(:\/\/)[^\s:/@"']{16,}(?=@)/g, '$1***'],
  [/(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1***'],
  [
    /((?:password|passwd|pwd|secret(?:[_-]?access)?(?:[_-]?key)?|token|(?:api|access|private)[_-]?key|authorization|cookie)\\?["']?\s*[:=]\s*\\?["']?)(?!\*\*\*)(?:(?<=")[^"\\]+|(?<=')[^'\\]+|[^\s"',;&}\\]+)/gi,
    '$1***',
  ],
];

/** Hides passwords in URLs, private keys, tokens of known shapes, and `secret = value` pairs. The one place that knows what a secret looks like. */
export function redactText(text: string): string {
  return secrets.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
