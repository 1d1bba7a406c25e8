"use server";
import { call, slowApi } from "../lib/sales.js";

export async function act() {
  await call(slowApi, "fails");
}
