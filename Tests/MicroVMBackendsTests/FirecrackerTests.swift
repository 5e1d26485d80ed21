import Glibc
import Logging
import SandboxCore
import SandboxProcess
import Synchronization
import SystemPackage
import Testing

@testable import MicroVMBackends

@Suite("Firecracker's API", .timeLimit(.minutes(1)))
struct FirecrackerAPITests {
    private let logger = Logger(label: "api") { _ in SwiftLogNoOpLogHandler() }

    private func withStub(
        _ stub: StubFirecracker, _ body: (FirecrackerClient) async throws -> Void
    ) async throws {
        let service = try StubService("control") { stub.serve($0) }
        do { try await body(try FirecrackerClient("control", in: service.folder, logger: logger)) } catch {
            try? await service.stop()
            throw error
        }
        try await service.stop()
    }

    @Test("every request is as the published description has it")
    func requests() async throws {
        let stub = StubFirecracker()
        try await withStub(stub) { client in
            try await client.log(.warning)
            try await client.writeMetrics(to: "metrics")
            try await client.configure(FirecrackerRequest.MachineConfiguration(vcpuCount: 1, memSizeMib: 512))
            try await client.configure(
                FirecrackerRequest.BootSource(kernelImagePath: "kernel", initrdPath: "ramdisk", bootArgs: "quiet"))
            try await client.add(FirecrackerRequest.Drive(driveId: "image", pathOnHost: "image", isReadOnly: true))
            try await client.add(FirecrackerRequest.Vsock(guestCid: 3, udsPath: "vsock"))
            try await client.addEntropy()
            for action in [FirecrackerRequest.Action.Kind.start, .flushMetrics, .controlAltDelete] { try await client.act(action) }
            for state in [FirecrackerRequest.State.Kind.paused, .resumed] { try await client.set(state) }
            try await client.create(FirecrackerRequest.SnapshotCreation(snapshotPath: "state", memFilePath: "memory"))
            try await client.load(
                FirecrackerRequest.SnapshotLoading(snapshotPath: "state", memBackend: .init(backendPath: "memory"), resumeVm: true))
        }
        #expect(stub.complaints == [])
        #expect(
            stub.seen.map(\.line) == [
                "PUT /logger", "PUT /metrics", "PUT /machine-config", "PUT /boot-source", "PUT /drives/image", "PUT /vsock", "PUT /entropy",
                "PUT /actions", "PUT /actions", "PUT /actions", "PATCH /vm", "PATCH /vm", "PUT /snapshot/create", "PUT /snapshot/load",
            ])
        #expect(stub.seen[4].body == #"{"drive_id":"image","is_read_only":true,"is_root_device":false,"path_on_host":"image"}"#)
    }

    @Test("a refusal is told in Firecracker's words, cut and without what could confuse a terminal")
    func refusal() async throws {
        let words = #"{"fault_message": "The requested operation is not supported.\u001b[2J"}"#
        try await withStub(StubFirecracker(answer: (400, words))) { client in
            let error = await #expect(throws: SandboxError.self) { try await client.act(.start) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("PUT /actions: The requested operation is not supported.") == true)
            #expect(error?.message.contains("\u{1b}") == false)
        }
    }

    @Test("an answer that is neither done nor refused is no success")
    func strangeAnswer() async throws {
        try await withStub(StubFirecracker(answer: (200, "{}"))) { client in
            let error = await #expect(throws: SandboxError.self) { try await client.set(.paused) }
            #expect(error?.code == .protocolViolation)
        }
    }
}

@Suite("The sockets of a machine of Firecracker's", .timeLimit(.minutes(1)))
struct MachineSocketsTests {
    /// A folder whose machine's socket is served by `serve`.
    private func with(
        _ serve: @escaping @Sendable (Int32) -> Void, _ body: (MachineSockets) async throws -> Void
    ) async throws {
        let service = try StubService(FirecrackerRoom.vsock, serve: serve)
        let folder = MachineFolder(path: service.folder.appending("machine"), name: "sandlot-x")
        let room = FirecrackerRoom(folder)
        try HostDirectory.ensure(room.path, mode: 0o700)
        try #require(
            symlink(service.folder.appending(FirecrackerRoom.vsock).string, room.path.appending(FirecrackerRoom.vsock).string) == 0)
        do { try await body(MachineSockets(folder, keeper: try ProcessKeeper())) } catch {
            try? await service.stop()
            throw error
        }
        try await service.stop()
    }

    private static func say(_ text: String, to connection: Int32) {
        _ = Array(text.utf8).withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
    }

    /// Reads one line.
    private static func line(_ connection: Int32) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(connection, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    @Test("the guest's port is asked for, and what follows the answer is the guest's")
    func conversation() async throws {
        let asked = Mutex<[String]>([])
        try await with { connection in
            asked.withLock { $0.append(Self.line(connection)) }
            Self.say("OK 1073741824\n", to: connection)
            _ = Self.line(connection)
            let knock = Self.line(connection)
            Self.say("SANDLOT-READY \(knock.dropFirst("SANDLOT-KNOCK ".count))\n", to: connection)
        } _: { sockets in
            let conversation = try await sockets.first()
            try await conversation.answer("SANDLOT-READY")
            conversation.close()
        }
        #expect(asked.withLock { $0 } == ["CONNECT \(MachineSockets.port)"])
    }

    @Test("a guest that does not listen yet is told as that")
    func refused() async throws {
        try await with {
            _ = Self.line($0)
        } _: { sockets in
            let error = await #expect(throws: SandboxError.self) { _ = try await sockets.first() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("an answer without end, and one that is none, are refused", arguments: [String(repeating: "x", count: 100), "NO\n"])
    func lies(_ text: String) async throws {
        try await with {
            _ = Self.line($0)
            Self.say(text, to: $0)
            _ = Self.line($0)
        } _: { sockets in
            let error = await #expect(throws: SandboxError.self) { _ = try await sockets.first() }
            #expect(error?.code == .protocolViolation)
        }
    }
}

@Suite("The backend firecracker without a machine", .timeLimit(.minutes(1)))
struct FirecrackerBackendTests {
    private func unavailable(
        _ values: [String: [String]] = [:], user: UInt32 = 0, searchPath: String = "/nonexistent"
    ) async throws -> (reason: String, remedy: String) {
        let host = try RealMachine.host("/nonexistent", guest: "/bin/true", user: user, searchPath: searchPath)
        let backend = MicroVMBackend.firecracker(host: host, settings: try MachineSettings(values))
        guard case .unavailable(let reason, let remedy) = await backend.probe() else { return ("it is available", "") }
        return (reason, remedy)
    }

    @Test("missing programs are told, with the command that installs them")
    func missing() async throws {
        let both = try await unavailable()
        #expect(both.reason.hasPrefix("firecracker is neither in PATH") && both.remedy.contains("sandlot firecracker setup"))
        let jailer = try await unavailable(["firecracker_path": ["/bin/true"]])
        #expect(jailer.reason.hasPrefix("jailer is neither in PATH") && jailer.remedy.contains("sandlot firecracker setup"))
        let wrong = try await unavailable(["firecracker_path": ["/nonexistent/firecracker"]])
        #expect(wrong.reason.contains("/nonexistent/firecracker"))
    }

    @Test("an ordinary user must say that there shall be no jailer")
    func jail() async throws {
        let plain = try await unavailable(["firecracker_path": ["/bin/true"]], user: 1000)
        #expect(plain.reason.contains("only root") && plain.remedy.contains("jailer = false"))
        let unjailed = try await unavailable(["firecracker_path": ["/bin/true"], "jailer": ["false"]], user: 1000)
        #expect(!unjailed.reason.contains("only root"))
    }

    @Test("a packed kernel is found within the file, and what is none is refused")
    func packedKernel() throws {
        var file = [UInt8](repeating: 0, count: 512 * 6)
        file.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
        file[0x1F1] = 3
        file[0x248] = 16
        file[0x24C] = 32
        let packed: [UInt8] = [0x02, 0x21, 0x4C, 0x18] + [UInt8](repeating: 7, count: 28)
        file.replaceSubrange(2048 + 16..<2048 + 48, with: packed)
        #expect(try Array(PackedKernel.payload(file[...], of: "/boot/vmlinuz")) == packed)
        file[0x24D] = 0xFF
        for wrong in [file, [UInt8](repeating: 0, count: 4096), []] {
            let error = #expect(throws: SandboxError.self) { _ = try PackedKernel.payload(wrong[...], of: "/boot/vmlinuz") }
            #expect(error?.code == .unsupported && error?.remedy != nil)
        }
    }

    @Test("a machine's room holds what it may see, and another user can write to its disk alone")
    func room() async throws {
        let path = FilePath(RealMachine.variables["TMPDIR"] ?? "/tmp").appending("sandlot-room-\(getpid())")
        try HostDirectory.create(path, mode: 0o700)
        let shape = try MachineShape(SandboxSpec(owner: .random()), settings: try MachineSettings(), kind: .firecracker)
        for name in ["kernel", "ramdisk", "image", "disk"] { try HostDirectory.replace(path.appending(name), with: [1]) }
        let plan = MachinePlan(
            name: "sandlot-x", shape: shape, acceleration: .kvm, kernel: path.appending("kernel"), ramdisk: path.appending("ramdisk"),
            image: path.appending("image"))
        let room = FirecrackerRoom(MachineFolder(path: path, name: "sandlot-x"))
        try room.furnish(plan, disk: path.appending("disk"), owner: nil)
        #expect(try HostDirectory.names(in: room.path).sorted() == ["disk", "image", "kernel", "ramdisk"])
        #expect(!HostDirectory.exists(path.appending("disk")))
        try await HostDirectory.remove(path)
    }
}
