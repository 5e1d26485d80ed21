import SandboxCore
import Synchronization

/// A built-in program: takes its context, returns its exit code.
typealias Program = @Sendable (ProcessContext) async throws -> Int32

/// What a program sees of the world.
struct ProcessContext: Sendable {
    let process: MemoryProcess
    let group: ProcessGroup
    var arguments: [String]
    var environment: [String: String]
    var directory: [UInt8]
    var descriptors: [Int: Descriptor]

    var disk: MemoryDisk { group.machine.disk }

    func absolute(_ path: String) -> [UInt8] {
        let bytes = Array(path.utf8)
        return bytes.first == 0x2F ? bytes : directory + [0x2F] + bytes
    }

    func read(_ limit: Int = 64 << 10, from descriptor: Int = 0) async throws -> [UInt8] {
        try Task.checkCancellation()
        return try await descriptors[descriptor]?.source?.read(limit) ?? []
    }

    func write(_ bytes: [UInt8], to descriptor: Int = 1) async throws {
        try Task.checkCancellation()
        try await descriptors[descriptor]?.sink?.write(bytes)
    }

    func print(_ text: String) async throws { try await write(Array((text + "\n").utf8)) }

    /// A complaint on standard error, in the form `name: what`.
    func complain(_ text: String) async throws {
        try await write(Array("\(arguments.first ?? "?"): \(text)\n".utf8), to: 2)
    }

    /// Reads a named file, or standard input for nil and `-`, piece by piece.
    func source(_ path: String?) throws -> (any ByteSource)? {
        guard let path, path != "-" else { return descriptors[0]?.source }
        return try open(path, .read).source
    }

    enum OpenMode { case read, truncate, append }

    /// Opens a file as the kernel would.
    func open(_ path: String, _ mode: OpenMode) throws -> Descriptor {
        let bytes = absolute(path)
        return try disk.tree.withLock { tree in
            if let id = try? tree.node(bytes), let device = tree[id]?.device {
                switch device {
                case .null: return Descriptor(source: NullDevice(), sink: NullDevice())
                case .zero: return Descriptor(source: ZeroDevice(), sink: ZeroDevice())
                }
            }
            switch mode {
            case .read:
                let file = OpenFile(disk: disk, node: try tree.readable(bytes), appends: false)
                return Descriptor(source: file, sink: nil)
            case .truncate, .append:
                let node = try tree.openForWriting(bytes, truncates: mode == .truncate)
                return Descriptor(source: nil, sink: OpenFile(disk: disk, node: node, appends: mode == .append))
            }
        }
    }
}
