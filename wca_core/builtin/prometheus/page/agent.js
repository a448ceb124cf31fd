// The agent on the other side: asked for its overview, with the token that it may want.

const KEY = "wca-token";
const PATIENCE = 10000;

export class TokenWanted extends Error {}
export class NoDataYet extends Error {}
export class NoAnswer extends Error {}
export class OddAnswer extends Error {}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null;
}

/** The newest overview. Throws one of the errors above. */
export async function overview() {
  const token = sessionStorage.getItem(KEY);
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  let reply;
  try {
    reply = await fetch("api/overview", { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new NoAnswer();
  }
  if (reply.status === 401) throw new TokenWanted();
  if (reply.status === 503) throw new NoDataYet();
  const text = await reply.text().catch(() => {
    throw new NoAnswer();
  });
  if (!reply.ok) throw new OddAnswer(`${reply.status}: ${text.trim().slice(0, 200)}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new OddAnswer("what is not JSON");
  }
}
