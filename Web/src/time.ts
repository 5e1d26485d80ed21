import { words } from "./words.ts";
import { h } from "./dom/h.ts";

/** How long ago, or how long until: the largest unit that is not zero. */
export function relative(milliseconds: number, now: number): string {
  const seconds = Math.round((now - milliseconds) / 1000);
  const span = spanText(Math.abs(seconds) * 1000);
  if (Math.abs(seconds) < 2) return words.time.now;
  return seconds >= 0 ? words.time.ago(span) : words.time.until(span);
}

/** A length of time in words. */
export function spanText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Relative, with the exact time on hover. */
export function timeElement(milliseconds: number): HTMLTimeElement {
  const exact = new Date(milliseconds);
  return h(
    "time",
    { datetime: exact.toISOString(), title: exact.toLocaleString(), "data-at": milliseconds },
    relative(milliseconds, Date.now()),
  );
}

/** Keeps what is shown true while the page stays open. */
export function keepTimes(): void {
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
      const text = relative(Number(element.dataset["at"]), Date.now());
      if (element.textContent !== text) element.textContent = text;
    }
  }, 5000);
}

/** Bytes in words. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
