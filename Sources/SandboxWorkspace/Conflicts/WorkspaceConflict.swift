/// Something of one side that was not carried over, kept with its content until somebody settles it.
public struct WorkspaceConflict: Sendable, Equatable {
    /// Names it: `cfl-` and twelve hexadecimal digits. The same clash gets the same id however often it is seen.
    public var id: String
    public var path: TreePath
    /// Why it is here.
    public var reason: String
    public var base: TreeNode?
    public var host: TreeNode?
    public var sandbox: TreeNode?
    /// Nanoseconds since 1970.
    public var createdAt: Int64
    /// A policy decided already; the losing side's version is here only so that it is not lost.
    public var loser: WorkspaceSide?

    init(_ decision: Decision, reason: String, createdAt: Int64) {
        path = decision.path
        self.reason = reason
        base = decision.base
        host = decision.host
        sandbox = decision.sandbox
        loser = decision.loser
        self.createdAt = createdAt
        var sink = ByteSink()
        sink.block(path.bytes)
        for node in [base, host, sandbox] { sink.node(node) }
        id = "cfl-" + ContentHasher.digest(of: sink.bytes).description.prefix(12)
    }

    private static let magic: [UInt8] = Array("SWC1".utf8)

    func encoded() -> [UInt8] {
        var sink = ByteSink()
        sink.bytes = Self.magic
        sink.block(id.utf8)
        sink.block(path.bytes)
        sink.block(reason.utf8)
        for node in [base, host, sandbox] { sink.node(node) }
        sink.signed(createdAt)
        sink.bytes.append(loser == nil ? 0 : loser == .host ? 1 : 2)
        return sink.bytes
    }

    init(decoding bytes: [UInt8]) throws {
        var source = ByteSource(bytes: bytes)
        guard try source.take(4).elementsEqual(Self.magic) else { throw ByteSource.damaged }
        id = String(decoding: try source.block(), as: UTF8.self)
        guard let path = TreePath(Array(try source.block())) else { throw ByteSource.damaged }
        self.path = path
        reason = String(decoding: try source.block(), as: UTF8.self)
        base = try source.node()
        host = try source.node()
        sandbox = try source.node()
        createdAt = try source.signed()
        loser =
            switch try source.byte() {
            case 1: .host
            case 2: .sandbox
            default: nil
            }
    }
}
