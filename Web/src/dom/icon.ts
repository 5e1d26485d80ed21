const space = "http://www.w3.org/2000/svg";

/** Outlines on a grid of 20. */
const shapes = {
  sessions: "M3 4h6v5H3zM11 4h6v5h-6zM3 11h6v5H3zM11 11h6v5h-6z",
  events: "M10 5v5l3 2M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0",
  settings: "M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4",
  doctor: "M3 10h3l2-5 4 10 2-5h3",
  key: "M12.5 10.5a3.5 3.5 0 1 0-3-3.5L3 13.5V17h3v-2h2v-2h1.5z",
  secret: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  backend: "M3 5h14v4H3zM3 11h14v4H3zM6 7h.01M6 13h.01",
  image: "M10 3l7 3.5v7L10 17l-7-3.5v-7zM3 6.5l7 3.5 7-3.5M10 10v7",
  sandbox: "M3 6.5 10 3l7 3.5-7 3.5zM3 10l7 3.5 7-3.5M3 13.5 10 17l7-3.5",
  terminal: "M3 4h14v12H3zM6 8l2.5 2L6 12M10.5 12.5H14",
  about: "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0M10 9v4.5M10 6.6h.01",
  plus: "M10 4v12M4 10h12",
  stop: "M6 6h8v8H6z",
  again: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  copy: "M7 7h9v9H7zM4 13V4h9",
  download: "M10 3v9M6.5 9l3.5 3.5L13.5 9M4 16.5h12",
  upload: "M10 13V4M6.5 7.5 10 4l3.5 3.5M4 16.5h12",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 10.5h7.4L14.5 6",
  folder: "M3 5h5l2 2h7v9H3z",
  file: "M5 3h6l4 4v10H5zM11 3v4h4",
  link: "M8.5 11.5l3-3M9 6l1-1a3.5 3.5 0 0 1 5 5l-1 1M11 14l-1 1a3.5 3.5 0 0 1-5-5l1-1",
  unfold: "M8 5.5 12.5 10 8 14.5",
  up: "M10 16V5M5.5 9 10 4.5 14.5 9",
  down: "M10 4v11M5.5 11l4.5 4.5 4.5-4.5",
  search: "M12.5 12.5 17 17M14 8.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4 10.5 8 14.5 16 6",
  alert: "M10 4 2.5 16.5h15zM10 9v3.5M10 14.6h.01",
  swap: "M4 7h11M12 4l3 3-3 3M16 13H5M8 10l-3 3 3 3",
  out: "M8 4H4v12h4M8 10h9M13.5 6.5 17 10l-3.5 3.5",
  menu: "M3 6h14M3 10h14M3 14h14",
  cloud: "M6 15h8a3 3 0 0 0 .4-6A4.5 4.5 0 0 0 6 8.2 3.4 3.4 0 0 0 6 15z",
} as const;

export type IconName = keyof typeof shapes;

/** A picture that says nothing by itself: what it stands for is said in words beside it, or in the label of its button. */
export function icon(name: IconName): SVGSVGElement {
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 20 20");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", "icon");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", shapes[name]);
  picture.append(line);
  return picture;
}
