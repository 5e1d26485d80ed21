internal import Glibc
internal import GuestProtocol

extension GuestFailure {
    /// The failure of a system call: `action` says what was tried.
    static func system(_ number: Int32, _ action: String, _ path: [UInt8]) -> GuestFailure {
        GuestFailure(code(of: number), errno: number, message: "\(action): \(text(of: number))", path: path)
    }

    /// The failure of the system call that has just set `errno`.
    static func last(_ action: String, _ path: [UInt8]) -> GuestFailure { system(Glibc.errno, action, path) }

    static func invalid(_ message: String, _ path: [UInt8] = []) -> GuestFailure {
        GuestFailure(.invalidArgument, message: message, path: path)
    }

    /// The one table from the kernel's numbers to the kinds that a host decides on.
    static func code(of number: Int32) -> Code {
        switch number {
        case ENOENT: .notFound
        case EEXIST: .alreadyExists
        case EACCES, EPERM, EROFS, EBUSY, ETXTBSY: .denied
        case EISDIR: .isDirectory
        case ENOTDIR: .notDirectory
        case ENOTEMPTY: .notEmpty
        case ENOSPC, EDQUOT: .noSpace
        case ENAMETOOLONG, EINVAL, ELOOP, EFBIG, ENXIO, ESPIPE, EOVERFLOW: .invalidArgument
        case EMFILE, ENFILE, ENOMEM, EMLINK, EAGAIN: .limitExceeded
        case ENOSYS, EOPNOTSUPP, ENODEV: .unsupported
        default: .internalError
        }
    }

    private static func text(of number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Thrown through an operation whose stream was cancelled, closed, abandoned or ended by a breach of its credit.
struct Stopped: Error {}
