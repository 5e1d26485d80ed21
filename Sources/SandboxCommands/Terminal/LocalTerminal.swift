import SandboxCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The terminal that we were started on.
struct LocalTerminal: Sendable {
    let descriptor: FileDescriptor

    /// Nil when the descriptor is none.
    init?(_ descriptor: FileDescriptor) {
        guard isatty(descriptor.rawValue) == 1 else { return nil }
        self.descriptor = descriptor
    }

    /// The size now; 80×24 where the terminal does not tell.
    var size: TerminalSize {
        var size = winsize()
        guard ioctl(descriptor.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: size.ws_col, rows: size.ws_row)
    }

    /// Shows nothing of what is typed while `body` runs but the line break, and puts the terminal back as it was however `body` ends.
    func withoutEcho<R>(_ body: () async throws -> R) async throws -> R {
        var before = termios()
        guard tcgetattr(descriptor.rawValue, &before) == 0 else {
            throw SandboxError(
                .unavailable, "the terminal does not answer: \(Errno(rawValue: errno))", remedy: "give the value on standard input")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        silent.c_lflag |= tcflag_t(ECHONL)
        guard tcsetattr(descriptor.rawValue, TCSAFLUSH, &silent) == 0 else {
            throw SandboxError(
                .unavailable, "the terminal would show what is typed: \(Errno(rawValue: errno))", remedy: "give the value on standard input"
            )
        }
        defer { tcsetattr(descriptor.rawValue, TCSAFLUSH, &before) }
        return try await body()
    }

    /// Passes every key to the command while `body` runs, and puts the terminal back as it was however `body` ends.
    func raw<R>(_ body: () async throws -> R) async throws -> R {
        var before = termios()
        guard tcgetattr(descriptor.rawValue, &before) == 0 else {
            throw SandboxError(.unavailable, "the terminal does not answer: \(Errno(rawValue: errno))", remedy: "run without -t")
        }
        var raw = before
        cfmakeraw(&raw)
        tcsetattr(descriptor.rawValue, TCSADRAIN, &raw)
        defer { tcsetattr(descriptor.rawValue, TCSADRAIN, &before) }
        return try await body()
    }
}
