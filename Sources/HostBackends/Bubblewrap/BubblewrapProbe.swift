import SandboxCore
struct BubblewrapProbe {
    let host: HostEnvironment
    let settings: BubblewrapSettings
    func run() async -> BackendAvailability { .available(details: [:]) }
}
