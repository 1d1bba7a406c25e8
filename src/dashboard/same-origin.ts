/**
 * Whether the page itself made a request, according to the browser, and not another site that the viewer has open.
 *
 * @param origins where the page is seen, if given. Then no other origin is accepted, whatever the request's `Host`
 * says.
 */
export function madeByThePage({ headers, url }: Request, origins: readonly string[]): boolean {
  if (!isOwnSite(headers)) return false;
  const origin = headers.get("origin");
  if (origin === null) return false;
  if (origins.length > 0) return origins.includes(origin);
  return hostOf(origin) === (headers.get("host") ?? hostOf(url));
}

/** Whether nothing shows that another site asks. Older browsers send no such information. */
export function isOwnSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

function hostOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).host : undefined;
}
