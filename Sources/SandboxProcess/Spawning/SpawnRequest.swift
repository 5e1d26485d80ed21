public import SystemPackage
import CSandlotSystem

/// A host process to start. Nothing is inherited but what is named here.
public struct SpawnRequest: Sendable {
    /// The user that the process becomes.
    public struct User: Sendable, Hashable {
        public var uid: UInt32
        public var gid: UInt32
        /// Creates a user without supplementary groups.
        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// A resource limit by its RLIMIT number, soft and hard alike.
    public struct Limit: Sendable, Equatable {
        public var resource: Int32
        public var value: UInt64
        /// Creates a limit.
        public init(resource: Int32, value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }

    public var executable: FilePath
    /// With the program's name first.
    public var arguments: [String]
    public var environment: [String: String]
    public var workingDirectory: FilePath?
    /// The child's number → our descriptor. What is missing among 0, 1, 2 is `/dev/null`.
    public var descriptors: [Int32: OwnedDescriptor]
    public var leadsSession: Bool
    public var user: User?
    public var noNewPrivileges: Bool
    public var limits: [Limit]
    /// `cgroup.procs` files to join before anything runs.
    public var groups: [FilePath]
    /// Sent when the keeper of this process ends, or 0.
    public var parentDeathSignal: Int32
    public var landlock: OwnedDescriptor?
    public var filter: SystemCallFilter?
    public var umask: Int32?

    /// Creates a request.
    public init(
        executable: FilePath, arguments: [String], environment: [String: String] = [:], workingDirectory: FilePath? = nil,
        descriptors: [Int32: OwnedDescriptor] = [:], leadsSession: Bool = false, user: User? = nil, noNewPrivileges: Bool = false,
        limits: [Limit] = [], groups: [FilePath] = [], parentDeathSignal: Int32 = 0, landlock: OwnedDescriptor? = nil,
        filter: SystemCallFilter? = nil, umask: Int32? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.descriptors = descriptors
        self.leadsSession = leadsSession
        self.user = user
        self.noNewPrivileges = noNewPrivileges
        self.limits = limits
        self.groups = groups
        self.parentDeathSignal = parentDeathSignal
        self.landlock = landlock
        self.filter = filter
        self.umask = umask
    }
}
