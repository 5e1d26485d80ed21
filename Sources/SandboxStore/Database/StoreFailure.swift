import GRDB
import SandboxCore
import SystemPackage

/// Turns what SQLite says into errors that tell what to do.
enum StoreFailure {
    static let newer = SandboxError(
        .unsupported, "the database was made by a newer Sandlot",
        remedy: "use that version, or another data directory; nothing was changed")

    static func opening(_ path: FilePath, _ error: any Error) -> any Error {
        if let error = error as? SandboxError { return error }
        guard let failure = error as? DatabaseError else {
            return SandboxError(.unavailable, "cannot open the database \(path)", remedy: "check the directory and its owner", cause: error)
        }
        switch failure.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return SandboxError(
                .unavailable, "the database \(path) is damaged",
                remedy: "keep a copy, try `sqlite3 \(path) .recover`, or move it away to start anew; nothing was deleted", cause: error)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return SandboxError(.denied, "cannot open the database \(path)", remedy: "check the owner and mode of the file", cause: error)
        default:
            return using(error)
        }
    }

    static func using(_ error: any Error) -> any Error {
        guard let failure = error as? DatabaseError else { return error }
        switch failure.resultCode {
        case .SQLITE_FULL:
            return SandboxError(.limitExceeded, "the disk of the data directory is full", remedy: "make room", cause: error)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return SandboxError(
                .unavailable, "the database stayed locked", remedy: "look for a process that holds it, then try again", cause: error)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return SandboxError(
                .unavailable, "the database is damaged", remedy: "keep a copy and try `.recover` of sqlite3; nothing was deleted",
                cause: error)
        case .SQLITE_IOERR:
            return SandboxError(.unavailable, "the data directory cannot be read or written", remedy: "check its disk", cause: error)
        default:
            return SandboxError(.internalError, "the database refused a statement", cause: error)
        }
    }
}
