import Bowser from 'bowser';

/** "Firefox on Linux" for a browser, the product's name for anything else that names one, else null. */
export function clientLabel(userAgent: string | null): string | null {
  if (userAgent === null || userAgent.trim() === '') return null;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name) return os.name ? `${browser.name} on ${os.name}` : browser.name;
  return /^[\w.-]+/.exec(userAgent)?.[0] ?? null;
}
