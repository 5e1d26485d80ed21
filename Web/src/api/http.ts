import { words } from "../words.ts";
import type { Failure } from "./types.ts";

/** A refusal or a failure, as the server tells it; `offline` when no answer came. */
export class APIError extends Error {
  constructor(readonly failure: Failure, readonly status: number) {
    super(failure.message);
  }

  get isOffline(): boolean {
    return this.status === 0;
  }

  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

/** Long enough for a sandbox that is fetched and made; nothing waits for ever. */
const longestWait = 180_000;

type Query = Record<string, string | number | boolean | undefined>;

export interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query;
  json?: unknown;
  body?: Blob | string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Streams last as long as they like. */
  endless?: boolean;
}

/** Told whenever an answer says that the browser is not signed in any more. */
export const signedOut = new EventTarget();

/** A path of the API with its query. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return path;
  return path + "?" + pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
}

/** Sends a request; throws `APIError` for everything that is no success. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { ...call.headers };
  let body: BodyInit | null = null;
  if (call.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(call.json);
  } else if (call.body !== undefined) {
    body = call.body;
  }
  const limits = [call.signal, call.endless ? undefined : AbortSignal.timeout(longestWait)].filter((one) =>
    one !== undefined
  );
  let response: Response;
  try {
    response = await fetch(address(path, call.query), {
      method: call.method ?? "GET",
      headers,
      body,
      signal: AbortSignal.any(limits),
      credentials: "same-origin",
    });
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new APIError({ code: "unavailable", message: words.offline.message, remedy: words.offline.remedy }, 0);
  }
  if (response.ok) return response;
  const failure = await told(response);
  // A token that was typed and is wrong says nothing of the browser's own.
  if (failure.isSignedOut && !("Authorization" in headers)) signedOut.dispatchEvent(new Event("out"));
  throw failure;
}

/** The same for an answer in JSON. */
export async function ask<Value>(path: string, call: Call = {}): Promise<Value> {
  const response = await send(path, call);
  return await response.json() as Value;
}

async function told(response: Response): Promise<APIError> {
  try {
    const body = await response.json() as { error: Failure };
    return new APIError(body.error, response.status);
  } catch {
    return new APIError({ code: "internal", message: words.failures.noJSON(response.status) }, response.status);
  }
}
