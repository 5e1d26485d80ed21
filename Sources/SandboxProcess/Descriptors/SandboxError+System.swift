public import SandboxCore
import Glibc

extension SandboxError {
    /// A failed system call: what was tried, and the kernel's reason.
    public static func system(_ what: String, _ number: Int32, remedy: String? = nil) -> SandboxError {
        let code: Code =
            switch number {
            case ENOENT, ESRCH: .notFound
            case EEXIST: .alreadyExists
            case EACCES, EPERM: .denied
            case EINVAL, ENAMETOOLONG: .invalidArgument
            case ENOSYS, EOPNOTSUPP: .unsupported
            case ENOSPC, EDQUOT, EMFILE, ENFILE, EAGAIN, ENOMEM: .limitExceeded
            case ETIMEDOUT: .timeout
            default: .internalError
            }
        return SandboxError(code, "\(what) failed: \(reason(of: number))", remedy: remedy)
    }

    /// The kernel's words for a number.
    public static func reason(of number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
