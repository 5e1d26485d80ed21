import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot
import SystemPackage

/// `sandlot session logs`.
struct SessionLogs: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the output of a command, by session (its last command) or by exec id.")
    @Flag(name: .shortAndLong, help: "Go on until the command ends.") var follow = false
    @OptionGroup var settings: SettingsOptions
    @Argument(help: "Session id or name, or exec id.") var target: String

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let engine = runtime.engine
            let record = try await ExecLookup.find(target, in: engine)
            let follow = follow && !record.isOver
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (channel, stream) in [(OutputChannel.standardOutput, context.output), (.standardError, context.error)] {
                    group.addTask { try await print(channel, of: record.id, to: stream, follow: follow, engine, context) }
                    // What is over is printed one stream after the other; what goes on, as it comes.
                    if !follow { try await group.next() }
                }
                try await group.waitForAll()
            }
            return 0
        }
    }

    private func print(
        _ channel: OutputChannel, of exec: ExecID, to stream: OutputStream, follow: Bool, _ engine: Engine, _ context: CommandContext
    ) async throws {
        var expected: UInt64 = 0
        for try await chunk in try await engine.output(of: exec, channel: channel, follow: follow) {
            if chunk.offset > expected { await context.note("\(chunk.offset - expected) bytes of \(channel.rawValue) were not kept") }
            expected = chunk.offset + UInt64(chunk.bytes.count)
            try await stream.write(chunk.bytes)
        }
    }
}
