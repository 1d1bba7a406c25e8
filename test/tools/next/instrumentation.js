// Next runs this first, in a graph of modules of its own.
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { failfast } = await import("failfast");
  failfast.configure({ timeout: "1h" });
}
