import { answer, refuse } from "./answers.js";
import { BUNDLE, type Bundle } from "./bundle.js";

/** The page in one file. It loads nothing from elsewhere, and nothing else may run in it. */
export function pageAnswer(bundle: Bundle | undefined = BUNDLE): Response {
  if (bundle === undefined) return refuse(503, "the page is made by `npm run build`");
  const { script, style, scriptHash, styleHash } = bundle;
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${scriptHash}'`,
    `style-src 'sha256-${styleHash}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Circuits</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript; <code>npx failfast status</code> does not.</noscript>
<script type="module">${script}</script>
</body>
</html>
`;
  return answer(200, "text/html; charset=utf-8", page, { "Content-Security-Policy": policy });
}
