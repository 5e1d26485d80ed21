import SandboxCore
import SandboxTesting
import Synchronization
import SystemPackage

/// A backend that breaks one promise, over the in-memory one that keeps them.
struct LyingBackend: SandboxBackend {
    enum Lie: String, CaseIterable, Sendable {
        case guessesExitCode, mergesStreams, ignoresTimeout, runsTwice, leaksEnvironment, dropsOutput, shiftsOffsets, hidesStartFailure
        case acceptsEveryLimit, skipsRecord, staysListed, losesInput, forgetsWorkingDirectory, swallowsRefusals, claimsTerminal
    }

    let lie: Lie
    private let truth = InMemoryBackend()

    init(_ lie: Lie) { self.lie = lie }

    var descriptor: BackendDescriptor {
        var descriptor = truth.descriptor
        if lie == .claimsTerminal { descriptor.capabilities.insert(.terminal) }
        return descriptor
    }

    func probe() async -> BackendAvailability { await truth.probe() }

    func create(_ spec: SandboxSpec, record: @Sendable (SandboxReference) async throws -> Void) async throws -> any Sandbox {
        var told = spec
        if lie == .acceptsEveryLimit { told.limits = ResourceLimits() }
        let sandbox = lie == .skipsRecord ? try await truth.create(told) { _ in } : try await truth.create(told, record: record)
        return LyingSandbox(lie: lie, truth: sandbox)
    }

    func attach(to reference: SandboxReference) async throws -> any Sandbox {
        LyingSandbox(lie: lie, truth: try await truth.attach(to: reference))
    }

    func list(owner: OwnerLabel) async throws -> [SandboxReference] { try await truth.list(owner: owner) }
    func remove(_ reference: SandboxReference) async throws { try await truth.remove(reference) }
}

private struct LyingSandbox: Sandbox {
    let lie: LyingBackend.Lie
    let truth: any Sandbox

    var reference: SandboxReference { truth.reference }
    var workspacePath: FilePath { truth.workspacePath }
    var files: any SandboxFileSystem { truth.files }

    func start(_ request: ExecRequest) async throws -> any RunningExec {
        var told = request
        switch lie {
        case .ignoresTimeout: told.timeout = nil
        case .forgetsWorkingDirectory: told.workingDirectory = nil
        case .losesInput: told.input = .none
        case .leaksEnvironment: told.environment.merge(HostEnvironmentForLies.all) { own, _ in own }
        case .runsTwice:
            var again = request
            again.id = .random()
            _ = try? await truth.run(again)
        case .claimsTerminal: told.terminal = nil
        case .hidesStartFailure:
            do { return LyingExec(lie: lie, truth: try await truth.start(told)) } catch is ExecStartFailure {
                told.command = .shell("exit 127")
            }
        default: break
        }
        return LyingExec(lie: lie, truth: try await truth.start(told))
    }

    func attach(to exec: ExecID, from offsets: OutputOffsets) async throws -> any RunningExec {
        LyingExec(lie: lie, truth: try await truth.attach(to: exec, from: offsets))
    }

    func execs() async throws -> [ExecSnapshot] { try await truth.execs() }
    func signal(_ exec: ExecID, _ signal: ExecSignal, wholeTree: Bool) async throws {
        do { try await truth.signal(exec, signal, wholeTree: wholeTree) } catch { if lie != .swallowsRefusals { throw error } }
    }
    func forget(_ exec: ExecID) async throws { try await truth.forget(exec) }
    func destroy() async throws { if lie != .staysListed { try await truth.destroy() } }
}

private struct LyingExec: RunningExec {
    let lie: LyingBackend.Lie
    let truth: any RunningExec

    var id: ExecID { truth.id }
    var processID: Int32? { truth.processID }
    var events: ExecEvents {
        ExecEvents {
            var iterator = truth.events.makeAsyncIterator()
            while let event = try await iterator.next() {
                switch (event, lie) {
                case (.ended(var ending), .guessesExitCode):
                    if case .signaled(let signal, _) = ending.outcome { ending.outcome = .exited(code: 128 + signal.number) }
                    return .ended(ending)
                case (.output(var chunk), .mergesStreams):
                    chunk.channel = .standardOutput
                    return .output(chunk)
                case (.output(var chunk), .shiftsOffsets):
                    chunk.offset += 1
                    return .output(chunk)
                case (.output, .dropsOutput): continue
                default: return event
                }
            }
            return nil
        }
    }
    func write(_ bytes: [UInt8]) async throws { if lie != .losesInput { try await truth.write(bytes) } }
    func closeInput() async throws { try await truth.closeInput() }
    func signal(_ signal: ExecSignal) async throws { try await truth.signal(signal) }
    func resize(_ size: TerminalSize) async throws { try await truth.resize(size) }
    func cancel() async throws { try await truth.cancel() }
    func detach() async { await truth.detach() }
}
