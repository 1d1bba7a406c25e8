import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

const staged = (file) => JSON.parse(readFileSync(new URL(`../.pages/${file}`, import.meta.url), "utf8"));

export default defineConfig({
  title: "failfast",
  description: "A circuit breaker for TypeScript whose state a whole fleet shares",
  base: process.env.FAILFAST_SITE_BASE ?? "/",
  srcDir: ".pages",
  outDir: "dist",
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    search: {
      provider: "local",
      options: { _render: (src, env, md) => (env.frontmatter?.search === false ? "" : md.render(src, env)) },
    },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start" },
      { text: "Stores", link: "/stores" },
      { text: "Settings", link: "/playground" },
      { text: "On call", link: "/operations" },
      { text: "Reference", link: "/reference/" },
    ],
    sidebar: { "/": staged("menu.json"), "/reference/": staged("reference/menu.json") },
  },
  vite: {
    build: { target: "es2022", chunkSizeWarningLimit: 2_000 },
  },
});
