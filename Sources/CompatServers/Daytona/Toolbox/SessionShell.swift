/// The shell programs behind the service's sessions: one shell keeps the state, and each command has a collector beside it.
///
/// The collector is an exec of its own, so a command's output, input and status are the engine's. It makes pipes with names, tells the shell
/// to run the command between them, and ends as the command does.
enum SessionShell {
    /// The collector's first byte of output: the command is in the shell's queue.
    static let queued: UInt8 = 1

    /// Runs what is written to its pipe; bash where it exists, since there a syntax error does not end the shell.
    static func shell(directory: String) -> [String] {
        // Opened for both directions the pipe never ends.
        let line =
            "umask 077; mkdir -p \"$1\" && mkfifo \"$1/control\" || exit 125; printf '\\1'; exec \(ToolboxCommands.shell) <>\"$1/control\""
        return ["/bin/sh", "-c", line, "sh", directory]
    }

    /// Runs one command in the shell of `directory`. A nil command lies in the file `command` already.
    static func collector(directory: String, number: Int, command: String?) -> [String] {
        ["/bin/sh", "-c", collecting, "sh", directory, "\(directory)/\(number)", command ?? ""]
    }

    private static let collecting = """
        d=$2; umask 077
        mkdir -p "$d" && mkfifo "$d/in" "$d/out" "$d/err" "$d/status" || exit 125
        # Open before the command can end: what is written to a pipe that nobody holds open is lost.
        exec 4<>"$d/status"
        [ -e "$d/command" ] || printf '%s\\n' "$3" >"$d/command"
        printf '%s\\n' "trap 'echo \\$? 1<>$d/status' EXIT; { . $d/command; } <$d/in >$d/out 2>$d/err; echo \\$? 1<>$d/status; trap - EXIT" \
        >"$1/control"
        printf '\\1'
        exec 3<&0
        cat <"$d/out" & o=$!
        cat <"$d/err" >&2 & e=$!
        { cat <&3 >"$d/in"; } 2>/dev/null & i=$!
        exec 3<&-
        read s <&4
        kill $i 2>/dev/null
        # What the command left behind may hold its output open for as long as it likes.
        trap : USR1
        { sleep 1; kill -USR1 $$; } >/dev/null 2>&1 & k=$!
        wait $o && wait $e
        kill $k 2>/dev/null
        rm -rf "$d"
        exit "$s"
        """
}
