import SandboxCore
import SandboxEngine

extension Tool {
    static let execOutput = Tool(
        name: "exec_output", title: "Read a command's output",
        description: """
            Read what a command has printed, from an offset on, while it runs or afterwards. The result says where to go on. With \
            wait_seconds it waits until there is something new.
            """,
        parameters: [
            .exec, .whole("stdout_offset", "First byte of stdout.", 0...9_007_199_254_740_991, default: 0),
            .whole("stderr_offset", "First byte of stderr.", 0...9_007_199_254_740_991, default: 0),
            .whole("wait_seconds", "How long to wait for something new.", 0...3600, default: 0), .maxOutput,
        ],
        hints: .looks
    ) { arguments, context in
        let known = try await context.exec(arguments)
        let from = OutputOffsets(
            standardOutput: UInt64(try arguments.count("stdout_offset")), standardError: UInt64(try arguments.count("stderr_offset")))
        let budget = try arguments.count("max_output")
        let patience = Duration.seconds(try arguments.count("wait_seconds"))
        let engine = context.engine
        if patience > .zero { try await OutputNews.wait(for: known.id, after: from, patience, engine) }
        // Asked before the output is read: what an ended command printed is complete.
        let record = try await engine.exec(known.id)
        var text = ExecReport.headline(record)
        var data = ExecReport.facts(record)
        for channel in OutputChannel.allCases {
            let piece = try await OutputExcerpt.read(channel, of: record.id, from: from[channel], limit: budget, engine)
            let isFull = piece.bytes.count >= budget
            let bytes = isFull ? TextCut.beginning(piece.bytes) : piece.bytes[...]
            let next = piece.offset + UInt64(bytes.count)
            let end = record.ending?.offsets[channel]
            if !bytes.isEmpty { text += "\n--- \(channel.rawValue) \(piece.offset)..<\(next)\n" + String(decoding: bytes, as: UTF8.self) }
            if let end, next >= end {
                text += bytes.isEmpty ? "" : "\n[end of \(channel.rawValue)]"
            } else if isFull || !record.isOver {
                text += "\n[go on with \(channel.rawValue)_offset \(next)]"
            }
            data[channel.rawValue] = [
                "text": .string(String(decoding: bytes, as: UTF8.self)), "offset": .count(piece.offset), "next_offset": .count(next),
                "total_bytes": .count(end),
            ]
        }
        return ToolResult(text, .object(data))
    }

    static let execInput = Tool(
        name: "exec_input", title: "Write to a command",
        description: "Write to the standard input of a command that exec_start started with stdin, or end its input.",
        parameters: [
            .exec, .text("text", "What to write; a line needs its \\n."), .flag("close", "End the input afterwards."),
        ],
        hints: Hints(destructive: true)
    ) { arguments, context in
        let record = try await context.exec(arguments)
        let bytes = Array((try arguments.content("text") ?? "").utf8)
        let closes = try arguments.flag("close")
        guard !bytes.isEmpty || closes else { throw ToolArguments.wrong("there is nothing to write and nothing to close", "pass 'text'") }
        let exec = try await context.engine.attach(to: record.id)
        // A command that does not read would hold the call for ever.
        let written = try await Patience.within(.seconds(30)) {
            if !bytes.isEmpty { try await exec.write(bytes) }
            if closes { try await exec.closeInput() }
            return true
        }
        await exec.detach()
        guard written != nil else {
            throw SandboxError(
                .timeout, "\(record.id) did not read its input within 30 s; a part of the text may have reached it",
                remedy: "look at its output, then write less at once")
        }
        return ToolResult(
            "wrote \(bytes.count) bytes to \(record.id)" + (closes ? " and closed its input" : ""),
            ["exec": .string(record.id.rawValue), "bytes": .count(bytes.count), "closed": .boolean(closes)])
    }

    static let execSignal = Tool(
        name: "exec_signal", title: "Signal or end a command",
        description: """
            Without `signal`: end a command and everything that it started (SIGTERM, then SIGKILL). With it: send that signal and leave the \
            rest to the command.
            """,
        parameters: [
            .exec, .text("signal", "A name such as INT, HUP, USR1 or a number."),
            .flag("tree", "Send it to every process that the command started, not only to the command."),
        ],
        hints: Hints(destructive: true)
    ) { arguments, context in
        let record = try await context.exec(arguments)
        guard let word = try arguments.text("signal") else {
            try await context.engine.cancel(record.id)
            let engine = context.engine
            let after = try await Patience.within(.seconds(15)) { try await engine.wait(for: record.id) } ?? record
            return ToolResult(ExecReport.headline(after), .object(ExecReport.facts(after)))
        }
        let signal = try ExecSignal(parsing: word)
        try await context.engine.signal(record.id, signal, wholeTree: try arguments.flag("tree"))
        return ToolResult("sent \(signal) to \(record.id)", .object(ExecReport.facts(try await context.engine.exec(record.id))))
    }
}

/// Waits for output.
enum OutputNews {
    static func wait(for id: ExecID, after offsets: OutputOffsets, _ patience: Duration, _ engine: Engine) async throws {
        _ = try await Patience.within(patience) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for channel in OutputChannel.allCases {
                    group.addTask {
                        let output = try await engine.output(of: id, channel: channel, from: offsets[channel], follow: true)
                        for try await _ in output { return }
                        // This stream says no more; the other one may, and the end is waited for beside them.
                        _ = try await engine.wait(for: id)
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
            return true
        }
    }
}
