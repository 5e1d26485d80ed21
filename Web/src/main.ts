import { APIError, signedOut } from "./api/http.ts";
import { calls } from "./api/calls.ts";
import { Feed } from "./api/feed.ts";
import { fill } from "./dom/h.ts";
import { place } from "./router.ts";
import { keepTimes } from "./time.ts";
import { words } from "./words.ts";
import { Shell } from "./views/shell.ts";
import { signInView } from "./views/sign-in.ts";
import { sessionsView } from "./views/sessions.ts";
import { sessionView } from "./views/session.ts";
import { eventsView } from "./views/events.ts";
import { settingsView } from "./views/settings.ts";
import { terminalsView } from "./views/terminal.ts";
import type { Context } from "./views/view.ts";

let feed = new Feed();
let shell: Shell | undefined;
let leaving = new AbortController();

async function begin(): Promise<void> {
  try {
    // Whether the cookie still opens anything is the server's to say.
    await calls.sessions(false);
  } catch (error) {
    if (error instanceof APIError && error.isSignedOut) return showSignIn();
  }
  shell = new Shell(feed);
  feed.start();
  document.body.replaceChildren(...shell.elements);
  show();
}

function showSignIn(): void {
  leaving.abort();
  feed.stop();
  feed = new Feed();
  shell = undefined;
  document.title = `${words.signIn.submit} · ${words.product}`;
  fill(document.body, signInView());
}

/** Shows the place that the address names. */
function show(): void {
  if (!shell) return;
  leaving.abort();
  leaving = new AbortController();
  const here = place(location.hash);
  const context: Context = { feed, signal: leaving.signal };
  const [part = "sessions", ...rest] = here.steps;
  shell.mark(here);
  const { title, element } = part === "sessions" && rest[0] !== undefined
    ? { title: rest[0], element: sessionView(context, rest[0], rest[1] ?? "console", here.query) }
    : part === "terminals"
    ? { title: words.parts.terminals, element: terminalsView(context) }
    : part === "events"
    ? { title: words.parts.events, element: eventsView(context, undefined) }
    : part === "settings"
    ? { title: words.parts.settings, element: settingsView(context, rest) }
    : { title: words.parts.sessions, element: sessionsView(context, here.query) };
  document.title = `${title} · ${words.product}`;
  shell.show(element);
}

signedOut.addEventListener("out", showSignIn);
globalThis.addEventListener("hashchange", show);
keepTimes();
void begin();
