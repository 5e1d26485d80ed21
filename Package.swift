// swift-tools-version: 6.2
import PackageDescription

/// The layers are those of docs/adr/0002-layers.md; `ImportRulesTests` reads the `import` lines and holds every target to them.
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "sandlot",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "sandlot", targets: ["sandlot"]),
        .executable(name: "sandlot-guest", targets: ["sandlot-guest"]),
        .executable(name: "sandlot-wasm", targets: ["sandlot-wasm"]),
        .library(name: "Sandlot", targets: ["Sandlot"]),
        .library(name: "SandboxCore", targets: ["SandboxCore"]),
        .library(name: "SandboxClient", targets: ["SandboxClient"]),
        .library(name: "SandboxEngine", targets: ["SandboxEngine"]),
        .library(name: "SandboxTesting", targets: ["SandboxTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // L0: nouns, seams, errors; no I/O.
        .target(name: "SandboxCore", dependencies: [system]),
        .target(name: "GuestProtocol"),

        // L1: one mechanism each.
        .target(name: "CSandlotSystem", publicHeadersPath: "include"),
        .target(name: "SandboxProcess", dependencies: ["SandboxCore", "CSandlotSystem", log, system]),
        .target(
            name: "GuestClient",
            dependencies: [
                "SandboxCore", "GuestProtocol", log, system,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "SandboxHTTP",
            dependencies: [
                "SandboxCore", log, system,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "SandboxStore",
            dependencies: ["SandboxCore", log, system, .product(name: "GRDB", package: "GRDB.swift")]),
        .target(
            name: "SandboxSettings",
            dependencies: ["SandboxCore", system, .product(name: "TOMLKit", package: "TOMLKit")]),

        .target(name: "SandboxImages", dependencies: ["SandboxCore", "CSandlotSystem"]),
        .target(
            name: "SandboxSecrets",
            dependencies: ["SandboxCore", "SandboxProcess", system, .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "SandboxWorkspace", dependencies: ["SandboxCore", "SandboxProcess", "CSandlotSystem", system]),

        // The guest: no Foundation, no concurrency runtime, statically linked, so that it runs in an empty root file system.
        .target(name: "GuestFiles", dependencies: ["GuestProtocol", "CSandlotSystem"]),
        .target(name: "CSandlotMachine", publicHeadersPath: "include"),
        .target(name: "GuestServer", dependencies: ["GuestProtocol", "GuestFiles", "CSandlotSystem", "CSandlotMachine"]),
        // Attempts to get out; in the guest, because that is the program which runs in an image without any other.
        .target(name: "CSandlotProbe", publicHeadersPath: "include"),
        .executableTarget(
            name: "sandlot-guest", dependencies: ["GuestServer", "CSandlotProbe"],
            linkerSettings: [
                .unsafeFlags(["-static-executable"], .when(platforms: [.linux])),
                // It is sent to every sandbox at a service: without symbols it is little more than half as large.
                .unsafeFlags(["-Xlinker", "-s"], .when(platforms: [.linux], configuration: .release)),
            ]),

        // Runs one WebAssembly module; C, because all that it does is call Wasmtime's C interface, which is loaded at run time. It is confined to
        // few files, the Swift library not among them, and needs none of it.
        .executableTarget(
            name: "sandlot-wasm", dependencies: ["CSandlotSystem"],
            linkerSettings: [
                .linkedLibrary("dl", .when(platforms: [.linux])),
                .unsafeFlags(["-nostartfiles", "-static-stdlib"], .when(platforms: [.linux])),
            ]),

        // L2: backends; never each other.
        .target(
            name: "HostBackends",
            dependencies: ["SandboxCore", "SandboxProcess", "GuestClient", "CSandlotSystem", log, system]),
        .target(
            name: "ContainerBackends",
            dependencies: [
                "SandboxCore", "SandboxImages", "SandboxProcess", "SandboxHTTP", "GuestClient", "CSandlotSystem", log, system,
            ]),
        .target(
            name: "MicroVMBackends",
            dependencies: ["SandboxCore", "SandboxProcess", "SandboxHTTP", "GuestClient", "CSandlotMachine", log, system],
            exclude: ["Firecracker/API/README.md"]),
        .target(
            name: "CloudBackends", dependencies: ["SandboxCore", "SandboxProcess", "SandboxHTTP", "GuestClient", log, system]),
        .target(
            name: "StandardBackends",
            dependencies: [
                "SandboxCore", "HostBackends", "ContainerBackends", "MicroVMBackends", "CloudBackends", "SandboxSettings", log, system,
            ]),

        // L3: the engine knows no concrete backend.
        .target(
            name: "SandboxEngine",
            dependencies: ["SandboxCore", "SandboxImages", "SandboxStore", "SandboxWorkspace", "CSandlotSystem", log, system]),

        // L4, L5: faces and composition.
        .target(
            name: "Sandlot",
            dependencies: [
                "SandboxCore", "SandboxEngine", "SandboxStore", "SandboxSecrets", "SandboxSettings", "SandboxWorkspace", "StandardBackends",
                log, system,
            ]),
        .target(name: "SandboxAPI", dependencies: ["SandboxCore", "SandboxEngine", "SandboxWorkspace", system]),
        .target(
            name: "SandboxServer",
            dependencies: [
                "SandboxAPI", "SandboxCore", "SandboxEngine", "SandboxMCP", "SandboxWorkspace", log, system,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "CompatServers",
            dependencies: [
                "SandboxCore", "SandboxEngine", "SandboxServer", log, system,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        .target(name: "SandboxMCP", dependencies: ["SandboxCore", "SandboxEngine", "SandboxWorkspace", log, system]),
        .target(
            name: "SandboxClient",
            dependencies: ["SandboxAPI", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxWorkspace", log, system]),
        .target(
            name: "SandboxCommands",
            dependencies: [
                "CompatServers",
                "Sandlot", "SandboxAPI", "SandboxClient", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxMCP", "SandboxServer",
                "SandboxSecrets", "SandboxSettings", "SandboxTesting", "SandboxWorkspace", log,
                system,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "sandlot", dependencies: ["SandboxCommands"]),
        // The same sources as the package in Examples/RunCommand, here so that every build and test run keeps them working.
        .executableTarget(name: "RunCommand", dependencies: ["Sandlot"], path: "Examples/RunCommand/Sources/RunCommand"),
        .executableTarget(
            name: "sandlot-bench",
            dependencies: [
                "Sandlot", "SandboxAPI", "SandboxClient", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxServer", log, system,
            ], path: "Benchmarks"),

        // Tests.
        .target(name: "SandboxTesting", dependencies: ["SandboxCore", system]),
        .testTarget(name: "RepositoryTests"),
        .target(name: "CommandTesting", path: "Tests/Support/CommandTesting"),
        .target(
            name: "ServedEngine",
            dependencies: [
                "CloudBackends", "CompatServers", "SandboxCore", "SandboxEngine", "SandboxServer", "StandardBackends", log, system,
            ],
            path: "Tests/Support/ServedEngine"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CommandTesting", "Sandlot", "SandboxAPI", "SandboxCore", "SandboxEngine", "SandboxTesting", "SandboxWorkspace", system,
            ]),
        .testTarget(name: "GuestProtocolTests", dependencies: ["GuestProtocol"]),
        .testTarget(name: "GuestClientTests", dependencies: ["GuestClient", "GuestProtocol", "SandboxCore", system]),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "CSandlotSystem", "CloudBackends", "CompatServers", "SandboxClient", "SandboxCore", "SandboxTesting", "ServedEngine",
                "StandardBackends", log, system,
            ]),
        .testTarget(name: "SandboxTestingTests", dependencies: ["SandboxCore", "SandboxTesting", system]),
        .testTarget(name: "GuestFilesTests", dependencies: ["GuestProtocol", "GuestFiles", "CSandlotSystem"]),
        .testTarget(name: "GuestServerTests", dependencies: ["GuestProtocol", "GuestServer", "CSandlotSystem"]),
        .testTarget(
            name: "SandboxStoreTests",
            dependencies: ["SandboxStore", "SandboxCore", log, system, .product(name: "GRDB", package: "GRDB.swift")]),
        .testTarget(
            name: "SandboxEngineTests",
            dependencies: ["SandboxEngine", "SandboxStore", "SandboxWorkspace", "SandboxCore", "SandboxTesting", log, system]),
        .testTarget(name: "SandboxSettingsTests", dependencies: ["SandboxSettings", "SandboxCore"]),
        .testTarget(
            name: "SandboxCommandsTests",
            dependencies: [
                "CommandTesting", "SandboxCommands", "SandboxCore", "SandboxEngine", "sandlot", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "HostBackendsTests",
            dependencies: ["HostBackends", "StandardBackends", "SandboxProcess", "SandboxCore", log, system]),
        .testTarget(name: "SandboxHTTPTests", dependencies: ["SandboxHTTP", "SandboxCore"]),
        .testTarget(name: "SandboxImagesTests", dependencies: ["SandboxImages", "SandboxCore"]),
        .testTarget(name: "SandboxSecretsTests", dependencies: ["SandboxSecrets", "SandboxCore", system]),
        .testTarget(
            name: "SandboxWorkspaceTests",
            dependencies: ["SandboxWorkspace", "SandboxTesting", "SandboxCore", "SandboxProcess", system]),
        .testTarget(name: "SandboxAPITests", dependencies: ["SandboxAPI", "SandboxCore", system]),
        .testTarget(
            name: "SandboxServerTests",
            dependencies: [
                "SandboxServer", "SandboxAPI", "SandboxEngine", "SandboxStore", "SandboxCore", "SandboxTesting", "SandboxWorkspace", log,
                system,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        .testTarget(
            name: "SandboxMCPTests",
            dependencies: ["SandboxMCP", "SandboxEngine", "SandboxStore", "SandboxCore", "SandboxTesting", log, system]),
        .testTarget(
            name: "SandboxClientTests",
            dependencies: [
                "SandboxClient", "SandboxServer", "SandboxAPI", "SandboxEngine", "SandboxHTTP", "SandboxStore", "SandboxCore",
                "SandboxTesting", log,
                system,
            ]),
        .testTarget(
            name: "CompatServersTests", dependencies: ["CompatServers", "SandboxCore", "SandboxEngine", "SandboxTesting", log, system]),
        .testTarget(
            name: "CloudBackendsTests",
            dependencies: [
                "CloudBackends", "CompatServers", "SandboxCore", "SandboxEngine", "SandboxHTTP", "SandboxWorkspace", "ServedEngine", log,
                system,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "MicroVMBackendsTests",
            dependencies: ["MicroVMBackends", "SandboxProcess", "SandboxCore", "SandboxTesting", log, system]),
        .testTarget(
            name: "ContainerBackendsTests",
            dependencies: ["ContainerBackends", "SandboxTesting", "SandboxHTTP", "SandboxCore", "SandboxProcess", log, system]),
    ]
)

// Only for `make fuzz`: it needs libFuzzer's own `main` and instrumented sources.
if Context.environment["SANDLOT_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "sandlot-fuzz",
            dependencies: [
                "CloudBackends", "GuestClient", "GuestProtocol", "SandboxAPI", "SandboxClient", "SandboxCore", "SandboxImages",
                "SandboxMCP",
                "SandboxSettings", "SandboxWorkspace", system, .product(name: "NIOCore", package: "swift-nio"),
            ], path: "Fuzz", exclude: ["corpus"], swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}

let isWrittenInC = { (name: String) in name.hasPrefix("CSandlot") || name == "sandlot-wasm" }
for target in package.targets where target.type != .system && !isWrittenInC(target.name) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .swiftLanguageMode(.v6),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
        ]
}
