import { calls } from "../api/calls.ts";
import type { Exec, Session } from "../api/types.ts";
import { notify } from "../dom/controls.ts";
import { confirm } from "../dom/dialog.ts";
import { words } from "../words.ts";
import { sessionName } from "./pills.ts";

async function runningIn(session: Session): Promise<Exec[]> {
  const { execs } = await calls.execs(session.id, 1000);
  return execs.filter((one) => one.state === "running" || one.state === "starting");
}

/** Closes a session, whose sandbox is destroyed with it, after saying what is lost. */
export async function closeDialog(session: Session, done: () => void): Promise<void> {
  const running = (await runningIn(session)).length;
  confirm(
    words.session.closeTitle(sessionName(session)),
    words.session.closeLoss(running, session.workspace.kind === "private"),
    words.session.close,
    async () => {
      await calls.close(session.id);
      done();
    },
  );
}

/** Stops everything that runs in a session; its files stay. */
export async function stopDialog(session: Session): Promise<void> {
  const running = await runningIn(session);
  if (running.length === 0) return notify(words.sandboxes.nothingRuns(sessionName(session)));
  confirm(
    words.sandboxes.stopTitle(sessionName(session)),
    words.sandboxes.stopLoss(running.length),
    words.sandboxes.stopAll,
    async () => {
      await Promise.all(running.map((one) => calls.cancel(session.id, one.id)));
    },
  );
}
