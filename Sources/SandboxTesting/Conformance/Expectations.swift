public import SandboxCore

extension ConformanceContext {
    /// Throws a failure unless both are equal.
    public func expect<Value: Equatable>(_ found: Value, equals expected: Value, _ what: String) throws {
        guard found == expected else { throw ConformanceFailure(expected: "\(what): \(short(expected))", found: short(found)) }
    }

    /// Throws a failure unless the condition holds.
    public func expect(_ condition: Bool, _ expected: String, found: @autoclosure () -> String) throws {
        guard condition else { throw ConformanceFailure(expected: expected, found: found()) }
    }

    /// Throws a failure unless the body throws a `SandboxError` with one of these codes.
    public func expectError(
        _ codes: Set<SandboxError.Code>, _ what: String, _ body: () async throws -> Void
    ) async throws {
        let expected = "\(what): an error " + codes.map(\.rawValue).sorted().joined(separator: " or ")
        do { try await body() } catch let error as SandboxError {
            guard codes.contains(error.code) else { throw ConformanceFailure(expected: expected, found: "\(error.code): \(error)") }
            return
        } catch { throw ConformanceFailure(expected: expected, found: "\(type(of: error)): \(error)") }
        throw ConformanceFailure(expected: expected, found: "no error")
    }

    /// Throws a failure unless the body throws a `FileRefusal` with one of these reasons.
    public func expectRefusal(
        _ reasons: Set<FileRefusal.Reason>, _ what: String, _ body: () async throws -> Void
    ) async throws {
        let expected = "\(what): a refusal " + reasons.map(\.rawValue).sorted().joined(separator: " or ")
        do { try await body() } catch let refusal as FileRefusal {
            guard reasons.contains(refusal.reason) else {
                throw ConformanceFailure(expected: expected, found: "\(refusal.reason): \(refusal)")
            }
            return
        } catch { throw ConformanceFailure(expected: expected, found: "\(type(of: error)): \(error)") }
        throw ConformanceFailure(expected: expected, found: "no refusal")
    }

    /// Runs a shell line to its end.
    public func shell(
        _ line: String, in sandbox: any Sandbox, input: [UInt8] = [], _ edit: (inout ExecRequest) -> Void = { _ in }
    ) async throws -> ExecResult {
        var request = ExecRequest(.shell(line))
        edit(&request)
        return try await sandbox.run(request, input: input, limit: 128 << 20)
    }

    /// Runs a shell line that must succeed, and returns its output without the last line end.
    public func output(of line: String, in sandbox: any Sandbox, _ edit: (inout ExecRequest) -> Void = { _ in }) async throws -> String {
        let result = try await shell(line, in: sandbox, edit)
        guard result.outcome.isSuccess else {
            throw ConformanceFailure(
                expected: "that '\(line.prefix(200))' succeeds", found: "\(result.outcome) \(result.errorText.prefix(400))")
        }
        return result.outputText.hasSuffix("\n") ? String(result.outputText.dropLast()) : result.outputText
    }

    /// Skips the case unless the sandbox has these programs.
    public func need(_ programs: String..., in sandbox: any Sandbox) async throws {
        for program in programs {
            guard try await shell("command -v \(program) >/dev/null", in: sandbox).outcome.isSuccess else {
                throw ConformanceSkip("the sandbox has no \(program)")
            }
        }
    }

    /// Skips the case unless the sandbox has its own `/proc`.
    public func needProc(in sandbox: any Sandbox) async throws {
        guard try await shell("test -r /proc/self/status", in: sandbox).outcome.isSuccess else {
            throw ConformanceSkip("the sandbox has no /proc")
        }
    }

    private func short(_ value: some Any) -> String {
        let text = (value as? String).map { "'\($0)'" } ?? "\(value)"
        return text.count <= 300 ? text : text.prefix(300) + "… (\(text.count) characters)"
    }
}

/// Reads the events of an exec with the patience of one case.
public struct EventReader: Sendable {
    private let exec: any RunningExec
    /// What was read of standard output.
    public private(set) var output: [UInt8] = []
    /// What was read of standard error.
    public private(set) var errors: [UInt8] = []
    /// The end, once read.
    public private(set) var ending: ExecEnding?
    /// The position after what was read.
    public private(set) var offsets: OutputOffsets

    /// Reads from the exec's present position, which is `offsets`.
    public init(_ exec: any RunningExec, from offsets: OutputOffsets = .zero) {
        self.exec = exec
        self.offsets = offsets
    }

    /// Standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }

    /// Reads one event and checks that the offsets leave no gap; false when there are no more.
    public mutating func step() async throws -> Bool {
        var iterator = exec.events.makeAsyncIterator()
        guard let event = try await iterator.next() else { return false }
        switch event {
        case .output(let chunk):
            guard chunk.offset == offsets[chunk.channel] else {
                throw ConformanceFailure(
                    expected: "\(chunk.channel.rawValue) to go on at offset \(offsets[chunk.channel])", found: "offset \(chunk.offset)")
            }
            guard !chunk.bytes.isEmpty else { throw ConformanceFailure(expected: "no empty chunk", found: "one at \(chunk.offset)") }
            offsets[chunk.channel] += UInt64(chunk.bytes.count)
            if chunk.channel == .standardOutput { output += chunk.bytes } else { errors += chunk.bytes }
        case .ended(let end): ending = end
        }
        return true
    }

    /// Reads until standard output holds the text; throws when the exec ends first.
    public mutating func read(until text: String) async throws {
        while !self.text.contains(text) {
            guard ending == nil, try await step() else {
                throw ConformanceFailure(expected: "'\(text)' in the output", found: "'\(self.text.suffix(300))' and the end")
            }
        }
    }

    /// Reads to the end, and checks that nothing follows it.
    public mutating func readToEnd() async throws -> ExecEnding {
        while ending == nil {
            guard try await step() else { throw ConformanceFailure(expected: "an end", found: "events that stop without one") }
        }
        guard let ending else { throw ConformanceFailure(expected: "an end", found: "none") }
        return ending
    }
}
