import { call, salesApi, slowApi } from "../lib/sales.js";
import { act } from "./act.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const ended = await call(salesApi, "works");
  return (
    <form action={act}>
      <p>{`ended: ${ended}, ${salesApi.state}, slow_api: ${slowApi.state}`}</p>
      <button type="submit">act</button>
    </form>
  );
}
