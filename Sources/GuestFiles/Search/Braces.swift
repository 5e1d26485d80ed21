internal import GuestProtocol

/// `a{b,c}d` stands for `abd` and `acd`. Braces without a comma, or without their partner, stand for themselves; so does what follows a backslash.
enum Braces {
    static func expand(_ pattern: [UInt8]) throws -> [[UInt8]] {
        var open: [[UInt8]] = [pattern]
        var done: [[UInt8]] = []
        while let next = open.popLast() {
            guard let (prefix, choices, suffix) = firstGroup(next) else {
                done.append(next)
                continue
            }
            guard open.count + done.count + choices.count <= FileLimits.alternatives else {
                throw GuestFailure(.limitExceeded, message: "the braces stand for more than \(FileLimits.alternatives) patterns")
            }
            for choice in choices.reversed() { open.append(prefix + choice + suffix) }
        }
        return done
    }

    /// The first group that has a comma.
    private static func firstGroup(_ pattern: [UInt8]) -> (prefix: [UInt8], choices: [[UInt8]], suffix: [UInt8])? {
        var start = 0
        while start < pattern.count {
            if pattern[start] == UInt8(ascii: "\\") {
                start += 2
                continue
            }
            if pattern[start] == UInt8(ascii: "{"), let group = group(pattern, at: start) { return group }
            start += 1
        }
        return nil
    }

    private static func group(_ pattern: [UInt8], at start: Int) -> (prefix: [UInt8], choices: [[UInt8]], suffix: [UInt8])? {
        var depth = 0
        var index = start
        var choices: [[UInt8]] = []
        var choiceStart = start + 1
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ",") where depth == 1:
                choices.append(Array(pattern[choiceStart..<index]))
                choiceStart = index + 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 {
                    guard !choices.isEmpty else { return nil }
                    choices.append(Array(pattern[choiceStart..<index]))
                    return (Array(pattern[..<start]), choices, Array(pattern[(index + 1)...]))
                }
            default: break
            }
            index += 1
        }
        return nil
    }
}
