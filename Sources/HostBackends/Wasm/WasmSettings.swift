public import SandboxCore
public import SystemPackage

/// The keys of `[backends.wasm]`.
public struct WasmSettings: Sendable, Equatable {
    /// Nil: see `WasmRuntime.locate`.
    public var runner: FilePath?
    /// Nil: see `WasmRuntime.locate`.
    public var library: FilePath?
    /// Instructions that one command may execute; nil is no end.
    public var fuel: UInt64?
    /// What it has in common with the restricted host, which its runtime is confined like.
    public var confinement: RestrictedHostSettings

    /// The descriptors of the keys.
    public static let descriptors: [SettingDescriptor] =
        [
            SettingDescriptor(key: "library_path", kind: .path, summary: "Wasmtime's shared library."),
            SettingDescriptor(key: "runner_path", kind: .path, summary: "The executable sandlot-wasm, which runs modules."),
            SettingDescriptor(
                key: "fuel", kind: .integer(minimum: 1, maximum: nil),
                summary: "Instructions that a command may execute before it ends with SIGXCPU; without it there is no such end."),
        ] + RestrictedHostSettings.descriptors

    /// Reads the scope; a value that makes no sense is `invalidArgument`.
    public init(_ texts: SettingTexts = SettingTexts()) throws {
        runner = try texts.path("runner_path")
        library = try texts.path("library_path")
        fuel = try texts.text("fuel").map { _ in UInt64(try texts.integer("fuel", default: 1, range: 1...Int.max)) }
        confinement = try RestrictedHostSettings(texts)
    }
}
