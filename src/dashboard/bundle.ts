/** The page's script and style, and their SHA-256 in base64. */
export interface Bundle {
  readonly script: string;
  readonly scriptHash: string;
  readonly style: string;
  readonly styleHash: string;
}

/** The build puts the page here. It is missing if the sources run without a build. */
export const BUNDLE: Bundle | undefined = undefined;
