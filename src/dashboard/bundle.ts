/** The page's script and style, and their SHA-256 in base64. */
export interface Bundle {
  readonly script: string;
  readonly scriptHash: string;
  readonly style: string;
  readonly styleHash: string;
}

/** The build puts the page here; the sources alone have none. */
export const BUNDLE: Bundle | undefined = undefined;
