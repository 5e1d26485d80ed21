/** A place in the page. Places are kept behind the `#`, so every link to one works and the server need not know them. */
export interface Place {
  steps: string[];
  query: URLSearchParams;
}

export function place(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return {
    steps: path.split("/").filter((step) => step !== "").map(decoded),
    query: new URLSearchParams(query),
  };
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** A link to a place. */
export function link(steps: string[], query: Record<string, string> = {}): string {
  const path = "#/" + steps.map(encodeURIComponent).join("/");
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}

export function go(steps: string[], query: Record<string, string> = {}): void {
  location.hash = link(steps, query);
}
