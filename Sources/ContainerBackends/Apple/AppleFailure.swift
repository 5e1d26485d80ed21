import SandboxCore
import SandboxProcess

/// Reads what the `container` command says when it fails. Its exit status is 1 for everything, so its words are all there is: this is the one
/// place that reads them.
///
/// It writes `Error: kind: "message"`, and for a failure beneath `(cause: "kind: "message"")`. The innermost kind is what happened.
enum AppleFailure {
    private static let kinds: [(word: String, code: SandboxError.Code)] = [
        ("invalidArgument", .invalidArgument), ("exists", .alreadyExists), ("notFound", .notFound), ("invalidState", .conflict),
        ("timeout", .timeout), ("unsupported", .unsupported), ("interrupted", .unavailable), ("internalError", .unavailable),
        ("cancelled", .unavailable), ("unknown", .unavailable), ("empty", .unavailable),
    ]

    /// ArgumentParser's status for a command line that it does not know.
    private static let usage: Int32 = 64

    static func error(_ what: String, _ result: CommandResult) -> SandboxError {
        error(what, ending: result.ending, words: result.errorText)
    }

    static func error(_ what: String, ending: ProcessEnding, words: String) -> SandboxError {
        let text = said(words)
        if ending == .exited(usage) {
            return SandboxError(
                .unsupported, "\(what) failed: \(text)", remedy: "update Apple's container command to 1.0 or newer",
                backend: AppleContainerBackend.id)
        }
        let kind = innermost(text)
        let code = kind?.code ?? .unavailable
        var remedy: String?
        // Its service is not there, or went away under the call.
        if kind?.word == "interrupted" { remedy = "run `container system start`, and `container system stop` before it when that hangs" }
        let reason = text.isEmpty ? describe(ending) : text
        return SandboxError(code, "\(what) failed: \(reason)", remedy: remedy, backend: AppleContainerBackend.id)
    }

    /// From the last line that begins an error; warnings and progress come before it.
    private static func said(_ text: String) -> String {
        let lines = text.split(separator: "\n").map(String.init)
        let begin = lines.lastIndex { $0.hasPrefix("Error: ") } ?? max(0, lines.count - 3)
        return String(lines[begin...].joined(separator: "; ").prefix(2000))
    }

    private static func innermost(_ text: String) -> (word: String, code: SandboxError.Code)? {
        var found: (word: String, code: SandboxError.Code)?
        var word = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            if character.isLetter {
                word.append(character)
                continue
            }
            if character == ":", rest.hasPrefix(" \""), let kind = kinds.first(where: { $0.word == word }) { found = kind }
            word = ""
        }
        return found
    }

    private static func describe(_ ending: ProcessEnding) -> String {
        switch ending {
        case .exited(let code): "exit status \(code) without a word"
        case .signaled(let number): "ended by signal \(number)"
        case .unknown: "its end is unknown"
        }
    }
}
