import { calls } from "../api/calls.ts";
import type { Feed } from "../api/feed.ts";
import type { Session } from "../api/types.ts";
import { button } from "../dom/controls.ts";
import { h, keep } from "../dom/h.ts";
import { icon, type IconName } from "../dom/icon.ts";
import { link, type Place } from "../router.ts";
import { words } from "../words.ts";
import { sessionName } from "./pills.ts";
import { settled } from "./view.ts";

/** Sessions beside the ways to everything else, which must not be pushed out of sight by them. */
const mostSessions = 8;

/** What stays while views come and go: the ways to them, the open sessions, and word of the connection. */
export class Shell {
  readonly elements: HTMLElement[];
  private readonly main = h("main", { id: "content", tabindex: -1 });
  private readonly sessions = h("ul", { class: "nav-sessions", "aria-label": words.parts.openSessions });
  private readonly banner = h(
    "div",
    { class: "banner", role: "status", hidden: true },
    icon("alert"),
    words.offline.banner,
  );
  private readonly links: HTMLAnchorElement[];
  private readonly nav: HTMLElement;
  private here = "";
  private wasShown = false;

  constructor(private readonly feed: Feed) {
    const entry = (name: IconName, text: string, steps: string[]) =>
      h("a", { href: link(steps), class: "nav-link" }, icon(name), text);
    this.links = [
      entry("sessions", words.parts.sessions, ["sessions"]),
      entry("terminal", words.parts.terminals, ["terminals"]),
      entry("events", words.parts.events, ["events"]),
      entry("backend", words.parts.backends, ["settings", "backends"]),
      entry("sandbox", words.parts.sandboxes, ["settings", "sandboxes"]),
      entry("image", words.parts.images, ["settings", "images"]),
      entry("settings", words.parts.general, ["settings", "general"]),
      entry("secret", words.parts.secrets, ["settings", "secrets"]),
      entry("key", words.parts.tokens, ["settings", "tokens"]),
      entry("doctor", words.parts.doctor, ["settings", "doctor"]),
      entry("about", words.parts.about, ["settings", "about"]),
    ];
    const [sessions, terminals, events, ...settings] = this.links as [
      HTMLAnchorElement,
      HTMLAnchorElement,
      HTMLAnchorElement,
      ...HTMLAnchorElement[],
    ];
    const menu = button("", { icon: "menu", weight: "quiet", label: words.actions.menu }, () => {
      const isOpen = this.nav.classList.toggle("open");
      menu.setAttribute("aria-expanded", String(isOpen));
    });
    menu.classList.add("menu");
    menu.setAttribute("aria-expanded", "false");
    this.nav = h(
      "nav",
      { "aria-label": words.parts.navigation },
      h("div", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), words.product, menu),
      h(
        "div",
        { class: "nav-body" },
        sessions,
        this.sessions,
        terminals,
        events,
        h("div", { class: "nav-head" }, words.parts.settings),
        ...settings,
        h("div", { class: "nav-space" }),
        this.foot(),
      ),
    );
    this.nav.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("a")) this.nav.classList.remove("open");
    });
    this.elements = [
      h("a", {
        class: "skip",
        href: "#content",
        onclick: (event: MouseEvent) => {
          event.preventDefault();
          this.main.focus();
        },
      }, words.skip),
      this.nav,
      h("div", { class: "page" }, this.banner, this.main),
    ];
    this.follow();
  }

  show(element: HTMLElement): void {
    this.main.replaceChildren(element);
    this.main.scrollTo(0, 0);
    // Whoever listens to the page instead of looking at it must hear that it is another one.
    if (this.wasShown && document.activeElement === document.body) this.main.focus({ preventScroll: true });
    this.wasShown = true;
  }

  /** Marks the way to the place that is shown. */
  mark(place: Place): void {
    const [part = "sessions", second] = place.steps;
    const target = part === "settings" ? link([part, second ?? "backends"]) : link([part]);
    for (const one of this.links) {
      if (one.getAttribute("href") === target && !(part === "sessions" && second)) {
        one.setAttribute("aria-current", "page");
      } else one.removeAttribute("aria-current");
    }
    this.here = part === "sessions" ? second ?? "" : "";
    this.markSession();
  }

  private markSession(): void {
    for (const one of this.sessions.querySelectorAll("a")) {
      const isHere = one.dataset["id"] === this.here || one.dataset["name"] === this.here;
      if (isHere && this.here !== "") one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
    }
  }

  private foot(): HTMLElement {
    const version = h("span", { class: "dim" });
    calls.health().then((health) => version.textContent = health.version, () => undefined);
    return h(
      "div",
      { class: "nav-foot" },
      version,
      button(words.actions.signOut, { icon: "out", weight: "quiet" }, async () => {
        await calls.logout();
        location.reload();
      }),
    );
  }

  private follow(): void {
    const look = async () => {
      try {
        const { sessions } = await calls.sessions(false);
        keep(
          this.sessions,
          sessions.slice(-mostSessions).reverse(),
          (one) => one.id + one.state + sessionName(one),
          (one, before) => before ?? this.entry(one),
        );
        this.markSession();
      } catch {
        // The banner tells of a lost connection; there is nothing to add.
      }
    };
    const soon = settled(look, new AbortController().signal);
    this.feed.read((event) =>
      event.type.startsWith("session.") || event.type === "prepared" || event.type === "failed" ? soon() : undefined
    );
    let wasOffline = false;
    this.feed.watch((state) => {
      this.banner.hidden = state !== "offline";
      if (state === "live" && wasOffline) void look();
      wasOffline = state === "offline";
    });
    void look();
  }

  private entry(session: Session): HTMLElement {
    return h(
      "li",
      {},
      h(
        "a",
        {
          href: link(["sessions", session.id]),
          class: `nav-session ${session.state}`,
          "data-id": session.id,
          "data-name": session.name,
        },
        h("span", { class: "dot", "aria-hidden": "true" }),
        h("span", { class: "cut" }, sessionName(session)),
      ),
    );
  }
}
