/// The first thing that a host says. The version is a range so that either end may be the older one.
public struct HostHello: Equatable, Sendable {
    public var oldestVersion: UInt16
    public var newestVersion: UInt16
    /// Creates a hello.
    public init(oldestVersion: UInt16 = ProtocolVersion.oldest, newestVersion: UInt16 = ProtocolVersion.current) {
        self.oldestVersion = oldestVersion
        self.newestVersion = newestVersion
    }
}

/// The guest's answer to `HostHello`; it speaks `version` from here on.
public struct GuestHello: Equatable, Sendable {
    public var version: UInt16
    /// Random per guest process, so that a host notices a replaced guest.
    public var instance: [UInt8]
    public var pid: Int32
    public var userID: UInt32
    public var groupID: UInt32
    public var architecture: String
    /// The directory that relative paths and empty working directories mean.
    public var workingDirectory: [UInt8]
    /// What this guest can do beyond version 1's base: for example `pty`, `watch`.
    public var capabilities: [String]
    /// Creates a hello.
    public init(
        version: UInt16, instance: [UInt8], pid: Int32, userID: UInt32, groupID: UInt32, architecture: String, workingDirectory: [UInt8],
        capabilities: [String]
    ) {
        self.version = version
        self.instance = instance
        self.pid = pid
        self.userID = userID
        self.groupID = groupID
        self.architecture = architecture
        self.workingDirectory = workingDirectory
        self.capabilities = capabilities
    }
}

/// The versions of this protocol.
public enum ProtocolVersion {
    public static let oldest: UInt16 = 1
    public static let current: UInt16 = 1
}

/// Host to guest. Stream 0 carries `hello` and `ping`; every request opens a stream whose number the host has not used on this channel.
public enum HostMessage: Equatable, Sendable {
    case hello(HostHello)
    case ping(UInt64)
    case request(GuestRequest)
    /// Standard input of an exec, within the credit that the guest gave.
    case input([UInt8])
    case inputEnd
    /// Bytes below these offsets need not be kept any longer.
    case acknowledge(standardOutput: UInt64, standardError: UInt64)
    case signal(Int32)
    case resize(WindowSize)
    /// Terminates the exec's whole tree, or abandons a transfer.
    case cancel
    /// Detaches from an exec without touching it; ends a watch.
    case close
    /// The guest may send this many more bytes of content on this stream.
    case credit(UInt32)
    case treeEntry(TreeEntry)
    case chunk([UInt8])
    case streamEnd
    /// Content of an import's file that the file with its path holds already. Costs credit like an entry without a path. Only with the capability
    /// `chunks`.
    case copy(offset: UInt64, length: UInt64)
}

/// Guest to host.
public enum GuestMessage: Equatable, Sendable {
    case hello(GuestHello)
    case pong(UInt64)
    case response(GuestResponse)
    case failure(GuestFailure)
    case output(stream: OutputStream, offset: UInt64, bytes: [UInt8])
    case ended(ExecEnd)
    case credit(UInt32)
    case treeEntry(TreeEntry)
    case chunk([UInt8])
    case streamEnd
    case watch(WatchEvent)
    /// An entry of an import that was refused and skipped, with the reason.
    case refused(path: [UInt8], reason: String)
}

/// The credit that each side of a new content stream starts with, in bytes.
public enum InitialCredit {
    /// Standard input, and chunks from host to guest.
    public static let toGuest: UInt32 = 1 << 20
    /// Chunks from guest to host.
    public static let toHost: UInt32 = 1 << 20
}
