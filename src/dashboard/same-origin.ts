/**
 * Whether a request was made by the page itself, as the browser tells, and not by another site that the viewer has open.
 *
 * @param origins where the page is seen, where that is given: then it is seen nowhere else, whatever the request's `Host` says.
 */
export function madeByThePage({ headers, url }: Request, origins: readonly string[]): boolean {
  if (!isOwnSite(headers)) return false;
  const origin = headers.get("origin");
  if (origin === null) return false;
  if (origins.length > 0) return origins.includes(origin);
  return hostOf(origin) === (headers.get("host") ?? hostOf(url));
}

/** Whether nothing says that another site asks; older browsers say nothing at all. */
export function isOwnSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

function hostOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).host : undefined;
}
