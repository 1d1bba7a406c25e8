// Next.js runs this once in each server, before its first request.
export async function register(): Promise<void> {
  if (process.env["NEXT_RUNTIME"] !== "nodejs") return;
  const { failfast } = await import("failfast");
  const { storeFrom } = await import("failfast/url");
  failfast.configure({ store: await storeFrom() }); // the store that FAILFAST_STORE names
  await failfast.ready();
}
