import SandboxCore
import SandboxEngine

/// What runs in a sandbox besides our guest.
enum SandboxProcesses {
    private static let patience = Duration.seconds(15)

    /// Ends every command, and what ended commands have left running. Files stay. Throws `timeout` for what does not end.
    static func end(in session: SessionID, politely: Bool, _ engine: Engine) async throws {
        for record in try await engine.execs(in: session, includingEnded: false) {
            do {
                if politely { try await engine.cancel(record.id) } else { try await engine.signal(record.id, .kill, wholeTree: true) }
            } catch let error as SandboxError where error.code == .conflict || error.code == .notFound {
                // It has ended meanwhile.
            }
        }
        let exec = try await engine.start(
            session, ExecRequest(.arguments(["/bin/sh", "-c", killing]), timeout: patience, killGrace: .zero, survivors: .kill))
        let result = try await exec.collect(limit: 4096)
        guard result.outcome.isSuccess else {
            throw SandboxError(.timeout, "not every process of the sandbox could be ended: \(result.outcome)", remedy: "delete the sandbox")
        }
    }

    /// Kills what descends from the guest, which is this shell's grandparent; the guest's own processes run the guest's program.
    ///
    /// Only descendants: a sandbox may share its process table with others.
    private static let killing = """
        parent() { while read -r k v; do [ "$k" = PPid: ] && { p=$v; return 0; }; done <"/proc/$1/status" 2>/dev/null; p=0; }
        parent $PPID; top=$p; guest=$(readlink "/proc/$PPID/exe"); again=1
        while [ $again = 1 ]; do
            again=0
            for d in /proc/[0-9]*; do
                n=${d#/proc/}; [ "$n" = $$ ] && continue
                e=$(readlink "$d/exe") || continue
                [ "$e" = "$guest" ] && continue
                p=$n; while [ "$p" -gt 1 ] && [ "$p" != "$top" ] && [ "$p" != $$ ]; do parent "$p"; done
                [ "$p" = "$top" ] && kill -9 "$n" 2>/dev/null && again=1
            done
        done
        exit 0
        """
}
