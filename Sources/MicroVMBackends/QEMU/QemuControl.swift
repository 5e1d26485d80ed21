import CSandlotMachine
import Foundation
import Glibc
import SandboxCore
import SandboxProcess

/// Orders to QEMU itself, as its protocol QMP has them: one JSON value a line.
actor QemuControl {
    private struct Message: Decodable {
        struct Failure: Decodable { var desc: String }
        struct Details: Decodable { var status: String? }
        struct Anything: Decodable {}
        var event: String?
        var data: Details?
        var error: Failure?
        var `return`: Anything?
    }

    private struct Order: Encodable {
        var execute: String
        var arguments: [String: Value]
    }

    /// A value of an order's argument.
    enum Value: Encodable {
        case text(String)
        case number(Int)
        case list([[String: Value]])
        case flag(Bool)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .list(let list): try container.encode(list)
            case .flag(let flag): try container.encode(flag)
            }
        }
    }

    private let socket: OwnedDescriptor
    private let keeper: ProcessKeeper
    private var pending: [UInt8] = []

    private static let longestLine = 1 << 20

    /// Both ends of a pair of sockets: the second one is QEMU's.
    static func pair(keeper: ProcessKeeper) throws -> (control: QemuControl, peer: OwnedDescriptor) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SandboxError.system("making a pair of sockets", errno) }
        let ours = OwnedDescriptor(ends[0])
        let peer = OwnedDescriptor(ends[1])
        guard fcntl(ours.raw, F_SETFL, O_NONBLOCK) == 0 else { throw SandboxError.system("preparing a socket", errno) }
        return (QemuControl(socket: ours, keeper: keeper), peer)
    }

    private init(socket: OwnedDescriptor, keeper: ProcessKeeper) {
        self.socket = socket
        self.keeper = keeper
    }

    /// Gives an order, with a descriptor where one belongs to it, and waits until it is taken.
    func order(_ name: String, _ arguments: [String: Value] = [:], descriptor: OwnedDescriptor? = nil) async throws {
        let line = Array(try JSONEncoder().encode(Order(execute: name, arguments: arguments))) + [UInt8(ascii: "\n")]
        if let descriptor {
            let sent = line.withUnsafeBytes { sandlot_machine_send(socket.raw, $0.baseAddress, $0.count, descriptor.raw) }
            guard sent == 0 else { throw SandboxError.system("handing a descriptor to QEMU", errno) }
        } else {
            try socket.write(line)
        }
        while true {
            let message = try await next()
            if let failure = message.error {
                throw SandboxError(.unavailable, "QEMU refuses '\(name)': \(failure.desc.prefix(300))")
            }
            if message.return != nil { return }
        }
    }

    /// Writes the machine's state to a file; it stands still afterwards.
    func save(to file: OwnedDescriptor) async throws {
        try await order("qmp_capabilities")
        try await order(
            "migrate-set-capabilities",
            ["capabilities": .list([["capability": .text("events"), "state": .flag(true)]])])
        // The default is made for networks.
        try await order("migrate-set-parameters", ["max-bandwidth": .number(16 << 30)])
        try await order("getfd", ["fdname": .text("state")], descriptor: file)
        try await order("migrate", ["uri": .text("fd:state")])
        while true {
            let message = try await next()
            guard message.event == "MIGRATION", let status = message.data?.status else { continue }
            if status == "completed" { return }
            guard status != "failed", status != "cancelled" else {
                throw SandboxError(.unavailable, "QEMU could not save the machine: \(status)", remedy: "set snapshots = false")
            }
        }
    }

    private func next() async throws -> Message {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Data(pending[..<end])
                pending.removeFirst(end + 1)
                return try JSONDecoder().decode(Message.self, from: line)
            }
            guard pending.count < Self.longestLine else { throw SandboxError(.protocolViolation, "QEMU sends a line without end") }
            try await keeper.waitUntilReadable(socket)
            guard let piece = try socket.readAvailable(limit: 16 << 10) else { continue }
            guard !piece.isEmpty else { throw SandboxError(.unavailable, "QEMU ended before it answered") }
            pending += piece
        }
    }
}
