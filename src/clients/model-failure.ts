import { type Cause, walkCauses } from "../errors/causes.js";
import { retryAfterOf } from "../policy/retry-after.js";

/** Errors of the AI SDK about the request and the set-up. */
export const OF_THE_CALLER: ReadonlySet<unknown> = new Set([
  "AI_InvalidArgumentError",
  "AI_InvalidPromptError",
  "AI_LoadAPIKeyError",
  "AI_LoadSettingError",
  "AI_NoSuchModelError",
  "AI_UnsupportedFunctionalityError",
]);

/**
 * Whether an error is a failure of the model that was asked, so that another model may answer. It knows errors of the
 * AI SDK, of the clients of OpenAI and Anthropic, and a circuit's rejection. Failures are: no answer, or an answer that
 * can't be read; 408, 429, 500 and more; and trouble with the account, whatever the status: 401, 402, 403, a used-up
 * quota or credit, a model that no longer exists. Other statuses are about the request.
 *
 * A caller that gives up looks like a failure, so check its signal first.
 */
export function isModelFailure(error: unknown): boolean {
  if (OF_THE_CALLER.has((error as { name?: unknown } | null)?.name)) return false;
  const status = walkCauses(error, statusOf);
  // An answer with status 200 that is an error all the same could not be read.
  const refused = status !== undefined && status >= 400 && status < 500;
  return !refused || status === 429 || status === 408 || isOfTheAccount(error);
}

/** After how many seconds the provider wants to be called again. */
export function retryAfterOfModel(error: unknown): number | undefined {
  if (isOfTheAccount(error)) return LONGEST_SECONDS;
  const ms = walkCauses(error, ({ responseHeaders, headers }) =>
    retryAfterOf({ headers: responseHeaders ?? headers }, Date.now()),
  );
  return ms === undefined ? undefined : ms / 1_000;
}

/** Longer than any circuit's longest time, which limits it. */
const LONGEST_SECONDS = 1e9;

/** The AI SDK and the providers' own clients have different names for it. */
function statusOf({ statusCode, status }: Cause): number | undefined {
  return [statusCode, status].find((each): each is number => typeof each === "number");
}

/** A rejected key, an unpaid bill, a used-up quota, a missing model: they fail every request alike. */
const isOfTheAccount = (error: unknown): boolean =>
  walkCauses(error, (cause) => {
    const { message, code, type, data } = cause;
    const status = statusOf(cause);
    const inside = ((data as { error?: unknown } | undefined)?.error ?? {}) as Cause;
    return (
      [401, 402, 403].includes(status as number) ||
      [code, type, inside.code, inside["type"]].some((each) => ACCOUNT_CODES.has(each)) ||
      (status === 400 && ACCOUNT_WORDS.test(String(message))) ||
      (status === 404 && /\b(models?|deployment)\b/i.test(String(message))) ||
      undefined
    );
  }) ?? false;

const ACCOUNT_CODES: ReadonlySet<unknown> = new Set([
  "insufficient_quota",
  "billing_hard_limit_reached",
  "billing_not_active",
  "account_deactivated",
  "invalid_api_key",
  "model_not_found",
  "DeploymentNotFound",
]);
/**
 * Some providers answer with 400, as for a wrong request, and only the words show that the request is not the reason.
 */
const ACCOUNT_WORDS =
  /credit balance is too low|(incorrect|invalid) API key|API key (not valid|not found|expired)|organization has been disabled/i;
