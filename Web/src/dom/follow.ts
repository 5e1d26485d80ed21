/** How near to the end counts as looking at the end. */
const near = 40;

/**
 * Tells whether somebody looks at the end of what is scrolled, and so wants to go on looking at it while it grows. Only a hand lets go of the end:
 * scrolling that growing itself brings about says nothing of what anybody wants.
 */
export function followsEnd(scroller: HTMLElement): () => boolean {
  let follows = true;
  let byHand = false;
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    scroller.addEventListener(name, () => byHand = true, { passive: true });
  }
  scroller.addEventListener("scroll", () => {
    if (scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - near) {
      follows = true;
      byHand = false;
    } else if (byHand) {
      follows = false;
    }
  }, { passive: true });
  return () => follows;
}
