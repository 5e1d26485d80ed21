internal import Glibc
internal import GuestProtocol

/// A POSIX extended regular expression as the C library has it (in the C locale: on bytes; case is ignored for ASCII only).
///
/// Two things of that library need care. It tries every start in a line anew: `a+x` takes a minute on a line of 100,000 times `a`. So it is
/// compiled behind `^[^\n]*` too, which reads a line once but does without the library's quick search for a first byte; short lines are
/// matched by the plain form, which is several times faster. And it never forgets a state of its automaton, of which a contrived expression
/// makes one per byte, some kilobytes each. So it is compiled anew after as much work as `FileLimits` says.
final class Expression {
    /// One compiled form.
    private final class Form {
        private let source: [UInt8]
        private let flags: Int32
        private let allowance: Int
        private var compiled = regex_t()
        private var isCompiled = false
        private var work = 0

        init(_ source: [UInt8], flags: Int32, allowance: Int) throws {
            self.source = source
            self.flags = flags
            self.allowance = allowance
            try compile()
        }

        deinit { if isCompiled { regfree(&compiled) } }

        private func compile() throws {
            if isCompiled { regfree(&compiled) }
            let result = source.withPath { regcomp(&compiled, $0, flags) }
            isCompiled = result == 0
            work = 0
            guard isCompiled else {
                var text = [CChar](repeating: 0, count: 256)
                regerror(result, &compiled, &text, text.count)
                let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                throw GuestFailure.invalid("bad regular expression: \(reason)")
            }
        }

        /// `cost` is how many bytes it may look at, counting those that it looks at again.
        func matches(_ bytes: UnsafeRawBufferPointer, cost: Int, isCut: Bool) throws -> Bool {
            if work > 0, work + cost > allowance { try compile() }
            work += cost
            guard let base = bytes.baseAddress else { return false }
            var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(bytes.count))
            let start = base.assumingMemoryBound(to: CChar.self)
            switch regexec(&compiled, start, 1, &range, REG_STARTEND | (isCut ? REG_NOTEOL : 0)) {
            case 0: return true
            case Int32(_REG_NOMATCH.rawValue): return false
            default: throw GuestFailure(.limitExceeded, message: "the regular expression needs too much memory")
            }
        }
    }

    private let linear: Form
    /// Nil when the expression is such that even short lines may make many states.
    private let plain: Form?

    init(_ pattern: [UInt8], ignoresCase: Bool) throws {
        try Expression.check(pattern)
        let flags = REG_EXTENDED | REG_NEWLINE | REG_NOSUB | (ignoresCase ? REG_ICASE : 0)
        // Alone first: behind the prefix, parentheses that do not pair could become pairs.
        let plain = try Form(pattern, flags: flags, allowance: FileLimits.repeatedWork)
        let isSmall = pattern.count <= FileLimits.smallExpression && !pattern.contains(UInt8(ascii: "{"))
        self.plain = isSmall ? plain : nil
        linear = try Form(
            Array("^[^\n]*(".utf8) + pattern + [UInt8(ascii: ")")], flags: flags, allowance: FileLimits.expressionLine)
    }

    /// Whether the line, without its end, has a match; of a very long one only the start is looked at.
    func matches(_ line: UnsafeRawBufferPointer) throws -> Bool {
        if let plain, line.count <= FileLimits.shortLine {
            return try plain.matches(line, cost: line.count * line.count / 2, isCut: false)
        }
        let part = UnsafeRawBufferPointer(rebasing: line.prefix(FileLimits.expressionLine))
        return try linear.matches(part, cost: part.count, isCut: part.count < line.count)
    }

    /// Refuses what makes the C library take unbounded time or memory: back-references, and large intervals, which it copies out.
    private static func check(_ pattern: [UInt8]) throws {
        var product = 1
        var groups = 0
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            if byte == UInt8(ascii: "\\"), index < pattern.count {
                if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(pattern[index]) {
                    throw GuestFailure(.unsupported, message: "a regular expression cannot have back-references here")
                }
                index += 1
            } else if byte == UInt8(ascii: "(") {
                groups += 1
                guard groups <= FileLimits.groups else {
                    throw GuestFailure(.limitExceeded, message: "a regular expression has at most \(FileLimits.groups) groups")
                }
            } else if byte == UInt8(ascii: "{"), let bound = upperBound(pattern, &index) {
                product *= max(1, bound)
                guard product <= FileLimits.intervalProduct else {
                    throw GuestFailure(.limitExceeded, message: "the intervals of the regular expression repeat too much")
                }
            }
        }
    }

    /// The largest number of the interval that starts behind a brace; nil when there is none.
    private static func upperBound(_ pattern: [UInt8], _ index: inout Int) -> Int? {
        guard index < pattern.count, pattern[index] == UInt8(ascii: ",") || (0x30...0x39).contains(pattern[index]) else { return nil }
        var largest = 0
        var number = 0
        while index < pattern.count, pattern[index] != UInt8(ascii: "}") {
            if pattern[index] == UInt8(ascii: ",") { number = 0 }
            if (0x30...0x39).contains(pattern[index]) { number = min(100_000, number * 10 + Int(pattern[index] - 0x30)) }
            largest = max(largest, number)
            index += 1
        }
        return largest
    }
}
