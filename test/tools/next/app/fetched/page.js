import { backend } from "../../lib/backend.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const answer = await backend(process.env.BACKEND, { cache: "no-store" }).catch((error) => error);
  return <p>{`fetched: ${answer.code ?? answer.status}`}</p>;
}
