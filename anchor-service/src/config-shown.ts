/**
 * A configuration as it may be shown: of an address only scheme, host and port, because user, path and query often hold
 * a key. Other secrets lie in files, of which the path is told.
 */
export function shownConfig(value: unknown): unknown {
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return value.map(shownConfig);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownConfig(one)]));
}

function shownText(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text;
  const { protocol, host, pathname, search, username, password } = new URL(text);
  const isHidden = username + password + search !== '' || pathname.length > 1;
  return `${protocol}//${host}${isHidden ? '/…' : ''}`;
}
