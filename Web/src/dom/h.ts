type Child = Node | string | number | false | null | undefined | Child[];
type Handler = (event: never) => void;
type Value = string | number | boolean | null | undefined | Handler;

/** A point that differs by tag: what the browser makes of it is what the caller gets. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  assign(element, properties);
  append(element, children);
  return element;
}

function assign(element: Element, properties: Record<string, Value>): void {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (name === "value" && "value" in element) {
      (element as HTMLInputElement).value = String(value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/** Whatever comes from elsewhere becomes text, never markup. */
function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(typeof child === "number" ? String(child) : child);
  }
}

/** Puts these in the place of what is there. */
export function fill(parent: Element, ...children: Child[]): void {
  const fresh = document.createElement("div");
  append(fresh, children);
  parent.replaceChildren(...fresh.childNodes);
}

/** Makes a list show these values: elements of values that stay are kept, with their focus and their scrolling. */
export function keep<Item>(
  parent: Element,
  items: Item[],
  key: (item: Item) => string,
  make: (item: Item, before: Element | undefined) => Element,
): void {
  const before = new Map<string, Element>();
  for (const child of parent.children) {
    if (child instanceof HTMLElement && child.dataset["key"]) before.set(child.dataset["key"], child);
  }
  const wanted = items.map((item) => {
    const name = key(item);
    const element = make(item, before.get(name));
    if (element instanceof HTMLElement) element.dataset["key"] = name;
    return element;
  });
  const isSame = wanted.length === parent.children.length &&
    wanted.every((one, index) => parent.children[index] === one);
  if (!isSame) parent.replaceChildren(...wanted);
}

let count = 0;

/** An id for a label to refer to. */
export function freshID(): string {
  count += 1;
  return `e${count}`;
}
