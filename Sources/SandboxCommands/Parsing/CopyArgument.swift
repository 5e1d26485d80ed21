import SandboxCore
import SystemPackage

/// One side of `session cp`: a path here, or `SESSION:PATH`.
enum CopyArgument: Equatable {
    case host(FilePath)
    case session(String, FilePath)

    /// As Docker reads it: a colon before the first slash separates a session's name; `./a:b` is a path here.
    init(_ text: String) throws {
        guard !text.isEmpty else { throw SandboxError(.invalidArgument, "a path is empty", remedy: "name a file or directory") }
        let name = text.prefix { $0 != ":" && $0 != "/" }
        guard !name.isEmpty, name.count < text.count, text[name.endIndex] == ":", name != "." else {
            self = .host(FilePath(text))
            return
        }
        let path = text[text.index(after: name.endIndex)...]
        self = .session(String(name), FilePath(path.isEmpty ? "." : String(path)))
    }
}
