import GuestClient
import SandboxCore

/// A sandbox whose commands are modules. Files, output, signals, time limits and terminals are the guest's, as everywhere.
struct WasmSandbox: GuestBackedSandbox {
    let base: HostSandbox
    let places: WasmPlaces
    let runtime: WasmRuntime
    let fuel: UInt64?

    var reference: SandboxReference { base.reference }
    var guest: GuestSandboxCore { base.guest }

    /// Starts a module in a process of its own.
    func start(_ request: ExecRequest) async throws -> any RunningExec {
        // The prefix would hide what cannot be a name.
        try EnvironmentFile.check(request.environment)
        let command = try WasmCommand(request, places: places)
        try await command.check(files)
        return try await guest.start(command.order(runtime, places, fuel: fuel))
    }

    func destroy() async throws { try await base.destroy() }
}
